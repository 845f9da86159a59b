# Quoted-printable by MIME::QuotedPrint: OPERATION INPUT OUTPUT CALLS. A round for each line that comes; nanoseconds of
# CPU a call go out.
use strict;
use warnings;
use MIME::QuotedPrint qw(encode_qp decode_qp);
use Time::HiRes qw(clock_gettime CLOCK_PROCESS_CPUTIME_ID);

$| = 1;
my ($operation, $input, $output, $calls) = @ARGV;
open(my $file, '<:raw', $input) or die;
my $text = do { local $/; <$file> };
close($file);
my $work = $operation =~ /encode/ ? sub { encode_qp($text, "\r\n") } : sub { decode_qp($text) };
open($file, '>:raw', $output) or die;
print $file $work->();
close($file);
print "ready\n";
while (<STDIN>) {
    my $start = clock_gettime(CLOCK_PROCESS_CPUTIME_ID);
    $work->() for 1 .. $calls;
    printf "%.1f\n", (clock_gettime(CLOCK_PROCESS_CPUTIME_ID) - $start) * 1e9 / $calls;
}
