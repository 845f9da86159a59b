/* Stands in for the C library's header when the public headers are made ready for a foreign function
   interface, which knows uint32_t and its kin by itself. */
