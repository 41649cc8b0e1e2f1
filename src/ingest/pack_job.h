/* One packing under way: the inside of hr_pack, shared by its files.
 *
 *   pack.c         options, the order of things, starting again with a wider schema
 *   pack_schema.c  where the schema comes from, how it is widened and shown
 *   pack_take.c    blocks in source order -> chunks, journal, parts
 *   pack_bad.c     what becomes of bad samples
 *   pack_finish.c  statistics, second pass, manifest, the final name */
#ifndef HR_PACK_JOB_H
#define HR_PACK_JOB_H

#include "commit.h"
#include "dedup.h"
#include "headrace/pack.h"
#include "parts.h"
#include "pipeline.h"

enum {
    HR_PACK_PROBE = 64, /* samples that the size of a chunk is decided from (I1) */
};
#define HR_PACK_PART_BYTES ((uint64_t)1 << 30)
#define HR_PACK_SYNC_BYTES ((uint64_t)64 << 20)

/* Invariants:
 *   I1  What is written depends on the samples in source order and on the options alone: not on threads, memory or units.
 *       So chunk_samples comes from the first HR_PACK_PROBE good samples, wherever units end.
 *   I2  A chunk's journal line is written before the chunk (journal.h I1), and describes the state after it.
 *   I3  hr_mark counts are those of samples that lie before `next` of `file`: what a resumed run does not see again. */
struct hr_packing {
    struct hr_pack_options o; /* whole, defaults put in */
    uint64_t memory;
    int jobs;
    enum hr_codec codec;
    bool second_pass; /* narrow, quantize, shard-by; or a resumed single file, whose statistics come late */
    uint64_t key;     /* of sources and options, for the journal */

    struct hr_source *source;
    struct hr_schema schema;
    bool inferred;
    struct hr_work work;

    /* the first pass */
    struct hr_journal *journal;
    uint32_t chunk_samples, part_chunks; /* 0 = not decided yet */
    struct hr_parts parts;
    struct hr_mark resumed; /* where this run took up; samples 0 = at the beginning */
    struct hr_mark mark;    /* now */
    struct hr_pipeline *pipe;
    struct hr_box *box;     /* the chunk being filled */
    struct hr_mark place[HR_PACK_PROBE]; /* the mark after each sample of the box, while chunk_samples is not decided (I3) */
    struct hr_dedup *dedup;
    char *dir;              /* of the first pass's parts: work.dir or work.raw */
    struct hr_chunk view;   /* of the block at hand; room for every column */

    /* bad samples */
    int reject;             /* descriptor, -1 */
    uint64_t told;          /* notices of bad samples given */
    bool again;             /* the schema was widened: begin again */
    int widened;            /* how often */

    uint64_t started, ticked; /* hr_now() */
    uint64_t bytes_in, bytes_out;
};

#define HR_PACKING_INIT ((struct hr_packing){ .reject = -1, .work = { .lock = -1 } })

void hr_pack_notice(const struct hr_packing *p, const char *fmt, ...) HR_PRINTF(2, 3);

/* pack_schema.c */
int hr_pack_schema(struct hr_packing *p, struct hr_error *err) HR_MUST_USE;
/* Guesses the roles that are not known, by a first unit parsed for that alone. */
int hr_pack_roles(struct hr_packing *p, struct hr_error *err) HR_MUST_USE;
/* Changes an inferred schema so that the bad sample would fit; false: it cannot be, or may not. */
bool hr_pack_widen(struct hr_packing *p, const struct hr_bad_sample *bad, const char *file);

/* pack_take.c */
int hr_pack_begin(struct hr_packing *p, struct hr_error *err) HR_MUST_USE; /* of an attempt: before the first block */
int hr_pack_take(void *arg, const struct hr_unit *u, const struct hr_block *b, struct hr_error *err) HR_MUST_USE;
int hr_pack_flush(struct hr_packing *p, struct hr_error *err) HR_MUST_USE; /* the last, short chunk */
int hr_pack_tick(void *arg, struct hr_error *err) HR_MUST_USE;

/* pack_bad.c */
int hr_pack_bad(struct hr_packing *p, const struct hr_unit *u, const struct hr_bad_sample *bad, struct hr_error *err) HR_MUST_USE;
int hr_pack_bad_open(struct hr_packing *p, struct hr_error *err) HR_MUST_USE; /* the reject file, from mark.reject on */

/* pack_finish.c */
int hr_pack_finish(struct hr_packing *p, struct hr_error *err) HR_MUST_USE;

#endif
