/* The tables of Arrow's Schema.fbs, Message.fbs and File.fbs: numbers of their entries and of the enumerations.  Shared by
 * the writing and the reading side, and by nobody else. */
#ifndef HR_ARROW_TABLES_H
#define HR_ARROW_TABLES_H

enum { ARROW_V5 = 4 };
enum { HEADER_SCHEMA = 1, HEADER_DICTIONARY = 2, HEADER_BATCH = 3 };
enum { TYPE_INT = 2, TYPE_FLOAT = 3, TYPE_BINARY = 4, TYPE_UTF8 = 5, TYPE_LIST = 12, TYPE_FIXED_LIST = 16 };
enum { PRECISION_HALF = 0, PRECISION_SINGLE = 1, PRECISION_DOUBLE = 2 };
enum { COMPRESSION_LZ4_FRAME = 0, COMPRESSION_ZSTD = 1 };

enum { MESSAGE_VERSION, MESSAGE_HEADER_TYPE, MESSAGE_HEADER, MESSAGE_BODY_LENGTH, MESSAGE_KV };
enum { SCHEMA_ENDIANNESS, SCHEMA_FIELDS, SCHEMA_KV, SCHEMA_FEATURES };
enum { FIELD_NAME, FIELD_NULLABLE, FIELD_TYPE_TYPE, FIELD_TYPE, FIELD_DICTIONARY, FIELD_CHILDREN, FIELD_KV };
enum { INT_BITS, INT_SIGNED };
enum { FLOAT_PRECISION };
enum { FIXED_LIST_SIZE };
enum { KV_KEY, KV_VALUE };
enum { BATCH_LENGTH, BATCH_NODES, BATCH_BUFFERS, BATCH_COMPRESSION };
enum { COMPRESSION_CODEC, COMPRESSION_METHOD };
enum { FOOTER_VERSION, FOOTER_SCHEMA, FOOTER_DICTIONARIES, FOOTER_BLOCKS, FOOTER_KV };

/* Keys of our metadata on a field. */
#define KEY_ROLE "headrace.role"
#define KEY_DTYPE "headrace.dtype"
#define KEY_SHAPE "headrace.shape"
#define KEY_SCALE "headrace.scale"
#define KEY_OFFSET "headrace.offset"

#endif
