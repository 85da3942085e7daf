#include <stddef.h>
#include <stdio.h>
#include <jpeglib.h>
#include <jerror.h>
#include <setjmp.h>

#define STOKER_STR2(x) #x
#define STOKER_STR(x) STOKER_STR2(x)
#define STOKER_VERSION STOKER_STR(LIBJPEG_TURBO_VERSION)

// Before 3.1 the vector code of the library rounds sums that overflow in a way
// of its own, and blocks of files whose last scans are missing are smoothed
// otherwise. Where a newer one is linked than the headers are of, this is set
// by hand: CGO_CFLAGS=-DSTOKER_EXACT=1.
#ifndef STOKER_EXACT
#define STOKER_EXACT (LIBJPEG_TURBO_VERSION_NUMBER >= 3001000)
#endif

typedef struct {
	struct jpeg_error_mgr err; // the first field: the library's pointer to it is ours
	struct jpeg_decompress_struct d;
	jmp_buf escape;
	struct jpeg_source_mgr pieces; // of data, one after the other
	const unsigned char *rest;
	unsigned long rest_bytes;
	int careful;
	long warnings;
	char message[JMSG_LENGTH_MAX];
	unsigned char *row; // of a window that is wider than asked for
	size_t row_bytes;
} stoker;

typedef struct {
	int width, height, components, progressive;
} stoker_header;

stoker *stoker_new(int careful);
void stoker_free(stoker *s);
int stoker_open(stoker *s, const unsigned char *data, unsigned long n, stoker_header *h);
int stoker_rgb(stoker *s, const unsigned char *data, unsigned long n, int x, int y, int w, int h, unsigned char *dst, long *warnings);
int stoker_coefficients(stoker *s, const unsigned char *data, unsigned long n);
int stoker_plain(stoker *s, const unsigned char *data, unsigned long n, int *plain);
