/* folders.h - the folders of the mail: made before anybody is let in.
 * https://cr.yp.to/proto/maildir.html. Blocking system calls; results are 0 or a negative errno. */
#ifndef MAILPROTOD_FOLDERS_H
#define MAILPROTOD_FOLDERS_H

/* Makes a folder and those above it that are missing. */
int folders_make(const char *path);
/* Makes what is missing of a Maildir. What is left over in its tmp/ is the store's to remove. */
int folders_prepare(const char *path);
/* Makes the names in a folder durable. */
int folders_sync(const char *path);

#endif
