//go:build libjpeg && cgo

#include "wrapper.h"
#include <stdlib.h>
#include <string.h>

static void fail(j_common_ptr c)
{
	stoker *s = (stoker *)c->err;
	s->err.format_message(c, s->message);
	longjmp(s->escape, 1);
}

// warn counts warnings and keeps the first one.
static void warn(j_common_ptr c, int level)
{
	stoker *s = (stoker *)c->err;
	if (level < 0 && s->warnings++ == 0)
		s->err.format_message(c, s->message);
}

static void hush(j_common_ptr c) { (void)c; }

stoker *stoker_new(int careful)
{
	stoker *s = calloc(1, sizeof *s);
	if (s == NULL)
		abort();
	s->careful = careful;
	s->d.err = jpeg_std_error(&s->err);
	s->err.error_exit = fail;
	s->err.emit_message = warn;
	s->err.output_message = hush;
	if (setjmp(s->escape))
		abort();
	jpeg_create_decompress(&s->d);
	return s;
}

void stoker_free(stoker *s)
{
	jpeg_destroy_decompress(&s->d);
	free(s->row);
	free(s);
}

// next hands over a piece of data that is too short for the part of the library
// which takes bits that are no Huffman code without a word.
static boolean next(j_decompress_ptr d)
{
	static const JOCTET end[2] = {0xff, JPEG_EOI};
	stoker *s = (stoker *)d->err;
	if (s->rest_bytes == 0) {
		WARNMS(d, JWRN_JPEG_EOF);
		s->pieces.next_input_byte = end;
		s->pieces.bytes_in_buffer = sizeof end;
		return TRUE;
	}
	size_t n = s->rest_bytes < 256 ? s->rest_bytes : 256;
	s->pieces.next_input_byte = s->rest;
	s->pieces.bytes_in_buffer = n;
	s->rest += n;
	s->rest_bytes -= n;
	return TRUE;
}

static void skip(j_decompress_ptr d, long n)
{
	stoker *s = (stoker *)d->err;
	for (; n > (long)s->pieces.bytes_in_buffer; next(d))
		n -= (long)s->pieces.bytes_in_buffer;
	if (n > 0) {
		s->pieces.next_input_byte += n;
		s->pieces.bytes_in_buffer -= n;
	}
}

static void nothing(j_decompress_ptr d) { (void)d; }

// begin reads the header.
static void begin(stoker *s, const unsigned char *data, unsigned long n)
{
	s->warnings = 0;
	if (s->careful) {
		s->pieces = (struct jpeg_source_mgr){NULL, 0, nothing, next, skip, jpeg_resync_to_restart, nothing};
		s->rest = data;
		s->rest_bytes = n;
		s->d.src = &s->pieces;
	} else {
		jpeg_mem_src(&s->d, (unsigned char *)data, n);
	}
	jpeg_read_header(&s->d, TRUE);
}

int stoker_open(stoker *s, const unsigned char *data, unsigned long n, stoker_header *h)
{
	if (setjmp(s->escape)) {
		jpeg_abort_decompress(&s->d);
		return 1;
	}
	begin(s, data, n);
	h->width = s->d.image_width;
	h->height = s->d.image_height;
	h->components = s->d.num_components;
	h->progressive = s->d.progressive_mode;
	jpeg_abort_decompress(&s->d);
	return 0;
}

// columns tells the library to decode the columns of a window alone, gives the
// number of bytes before them in a row, and makes room for a row.
static size_t columns(stoker *s, int x, int w)
{
	JDIMENSION from = x, width = w;
	jpeg_crop_scanline(&s->d, &from, &width);
	size_t need = 3 * (size_t)s->d.output_width;
	if (s->row_bytes < need) {
		s->row = realloc(s->row, need);
		if (s->row == NULL)
			abort();
		s->row_bytes = need;
	}
	return 3 * (x - (size_t)from);
}

int stoker_rgb(stoker *s, const unsigned char *data, unsigned long n, int x, int y, int w, int h, unsigned char *dst, long *warnings)
{
	if (setjmp(s->escape)) {
		jpeg_abort_decompress(&s->d);
		return 1;
	}
	begin(s, data, n);
	int full = w == (int)s->d.image_width;
	s->d.out_color_space = JCS_RGB;
	s->d.dct_method = JDCT_ISLOW;
	s->d.do_fancy_upsampling = TRUE;
	jpeg_start_decompress(&s->d);
	size_t before = full ? 0 : columns(s, x, w);
	if (y > 0)
		jpeg_skip_scanlines(&s->d, y);
	for (int i = 0; i < h; i++, dst += 3 * (size_t)w) {
		JSAMPROW row = full ? dst : s->row;
		jpeg_read_scanlines(&s->d, &row, 1);
		if (!full)
			memcpy(dst, s->row + before, 3 * (size_t)w);
	}
	if (s->d.output_scanline == s->d.output_height)
		jpeg_finish_decompress(&s->d);
	*warnings = s->warnings;
	jpeg_abort_decompress(&s->d);
	return 0;
}

int stoker_coefficients(stoker *s, const unsigned char *data, unsigned long n)
{
	if (setjmp(s->escape)) {
		jpeg_abort_decompress(&s->d);
		return 1;
	}
	begin(s, data, n);
	jpeg_read_coefficients(&s->d);
	jpeg_abort_decompress(&s->d);
	return 0;
}

// small tells whether the sums of no block can overflow 16 bits. Blocks of
// pictures have coefficients that are smaller by far.
static int small(JBLOCKROW b, const JQUANT_TBL *q)
{
	long sum = 0;
	for (int i = 0; i < DCTSIZE2; i++)
		sum += labs((long)(*b)[i] * q->quantval[i]);
	return sum <= 4096;
}

int stoker_plain(stoker *s, const unsigned char *data, unsigned long n, int *plain)
{
	if (setjmp(s->escape)) {
		jpeg_abort_decompress(&s->d);
		return 1;
	}
	begin(s, data, n);
	jvirt_barray_ptr *planes = jpeg_read_coefficients(&s->d);
	*plain = 1;
	for (int c = 0; c < s->d.num_components; c++) {
		jpeg_component_info *p = &s->d.comp_info[c];
		if (s->d.progressive_mode)
			for (int k = 0; k < DCTSIZE2; k++)
				*plain = *plain && s->d.coef_bits[c][k] == 0;
		for (JDIMENSION y = 0; y < p->height_in_blocks; y++) {
			JBLOCKARRAY row = s->d.mem->access_virt_barray((j_common_ptr)&s->d, planes[c], y, 1, FALSE);
			for (JDIMENSION x = 0; x < p->width_in_blocks; x++)
				*plain = *plain && p->quant_table != NULL && small(row[0] + x, p->quant_table);
		}
	}
	jpeg_abort_decompress(&s->d);
	return 0;
}
