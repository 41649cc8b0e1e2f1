/* Keys of headrace's metadata in an Arrow file (docs/format.md). */
#ifndef HR_KEYS_H
#define HR_KEYS_H

/* In the schema, so in the file's head as well: what a resumed writer compares. */
#define HR_KEY_VERSION "headrace.version"
#define HR_KEY_CHUNK_SAMPLES "headrace.chunk_samples"
#define HR_KEY_CODEC "headrace.codec"
#define HR_FORMAT_VERSION "1"

/* In the footer. */
#define HR_KEY_SAMPLES "headrace.samples"
#define HR_KEY_SCRATCH "headrace.scratch"
#define HR_KEY_SUMS "headrace.sums"
#define HR_KEY_HEAD_SUM "headrace.head_sum"
#define HR_KEY_FOOTER_SUM "headrace.footer_sum"
#define HR_KEY_STATISTICS "headrace.statistics"

/* In a record batch's message. */
#define HR_KEY_BODY_SUM "headrace.body_sum"

/* The file's tail: end-of-stream mark, footer, int32 length of the footer, magic. */
enum { HR_EOS = 8, HR_TAIL = 10 };

#endif
