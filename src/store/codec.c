#include "codec.h"

#include "mem.h"

#include <stdatomic.h>
#include <string.h>

#if HAVE_LZ4
#include <lz4frame.h>
#include <lz4hc.h>
#endif
#if HAVE_ZSTD
#include <zstd.h>
#endif

struct hr_coder {
    enum hr_codec codec;
    int level;
#if HAVE_LZ4
    LZ4F_dctx *lz4_in;
#endif
#if HAVE_ZSTD
    ZSTD_CCtx *zstd_out;
    ZSTD_DCtx *zstd_in;
#endif
};

static const char *const names[] = { [HR_CODEC_NONE] = "none", [HR_CODEC_LZ4] = "lz4", [HR_CODEC_ZSTD] = "zstd" };

const char *hr_codec_name(enum hr_codec c)
{
    return (size_t)c < HR_COUNT(names) ? names[c] : "?";
}

int hr_codec_of(const char *name)
{
    for (size_t i = 0; i < HR_COUNT(names); i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return -1;
}

bool hr_codec_available(enum hr_codec c)
{
    return c == HR_CODEC_NONE || (c == HR_CODEC_LZ4 && HAVE_LZ4) || (c == HR_CODEC_ZSTD && HAVE_ZSTD);
}

static int level_check(enum hr_codec c, int level, struct hr_error *err)
{
    int top = 0;
#if HAVE_LZ4
    if (c == HR_CODEC_LZ4)
        top = LZ4HC_CLEVEL_MAX;
#endif
#if HAVE_ZSTD
    if (c == HR_CODEC_ZSTD)
        top = ZSTD_maxCLevel();
#endif
    if (level < 0 || level > top)
        return hr_fail(err, HR_E_INVALID, "the codec %s has no level %d; 0 (its default) to %d are possible", hr_codec_name(c),
                       level, top);
    return 0;
}

int hr_coder_create(enum hr_codec c, int level, struct hr_coder **ret, struct hr_error *err)
{
    if (!hr_codec_available(c) || c == HR_CODEC_NONE)
        return hr_fail(err, HR_E_UNSUPPORTED, "this build of headrace cannot handle %s; install lib%s and build again",
                       hr_codec_name(c), hr_codec_name(c));
    int r = level_check(c, level, err);
    if (r < 0)
        return r;
    struct hr_coder *k = hr_calloc(1, sizeof *k);
    if (k == NULL)
        return hr_fail_nomem(err, sizeof *k, "a codec");
    k->codec = c;
    k->level = level;
    *ret = k;
    return 0;
}

void hr_coder_destroy(struct hr_coder *k)
{
    if (k == NULL)
        return;
#if HAVE_LZ4
    LZ4F_freeDecompressionContext(k->lz4_in);
#endif
#if HAVE_ZSTD
    ZSTD_freeCCtx(k->zstd_out);
    ZSTD_freeDCtx(k->zstd_in);
#endif
    hr_free(k);
}

#if HAVE_LZ4
/* The size goes into the frame's header, so that other readers can allocate exactly. */
static LZ4F_preferences_t lz4_prefs(const struct hr_coder *k, size_t n)
{
    LZ4F_preferences_t p = LZ4F_INIT_PREFERENCES;
    p.frameInfo.contentSize = n;
    p.compressionLevel = k->level;
    return p;
}

static int lz4_decode(struct hr_coder *k, const void *p, size_t n, void *to, size_t want, struct hr_error *err)
{
    if (k->lz4_in == NULL && LZ4F_isError(LZ4F_createDecompressionContext(&k->lz4_in, LZ4F_VERSION)))
        return hr_fail_nomem(err, 0, "LZ4");
    size_t in = 0, out = 0, more = 1;
    while (more != 0) {
        size_t src = n - in, dst = want - out;
        more = LZ4F_decompress(k->lz4_in, (char *)to + out, &dst, (const char *)p + in, &src, NULL);
        if (LZ4F_isError(more) || (src == 0 && dst == 0 && more != 0))
            break;
        in += src;
        out += dst;
    }
    if (more == 0 && in == n && out == want)
        return 0;
    LZ4F_resetDecompressionContext(k->lz4_in);
    return hr_fail(err, HR_E_CORRUPT, "an LZ4 frame of %zu bytes is damaged", n);
}
#endif

#if HAVE_ZSTD
static int zstd_encode(struct hr_coder *k, const void *p, size_t n, void *to, size_t room, size_t *ret_n, struct hr_error *err)
{
    if (k->zstd_out == NULL)
        k->zstd_out = ZSTD_createCCtx();
    if (k->zstd_out == NULL)
        return hr_fail_nomem(err, 0, "ZSTD");
    size_t m = ZSTD_compressCCtx(k->zstd_out, to, room, p, n, k->level != 0 ? k->level : ZSTD_CLEVEL_DEFAULT);
    if (ZSTD_isError(m))
        return hr_fail(err, HR_E_BUG, "ZSTD refused to compress %zu bytes: %s", n, ZSTD_getErrorName(m));
    *ret_n = m;
    return 0;
}

static int zstd_decode(struct hr_coder *k, const void *p, size_t n, void *to, size_t want, struct hr_error *err)
{
    if (k->zstd_in == NULL)
        k->zstd_in = ZSTD_createDCtx();
    if (k->zstd_in == NULL)
        return hr_fail_nomem(err, 0, "ZSTD");
    size_t m = ZSTD_decompressDCtx(k->zstd_in, to, want, p, n);
    if (ZSTD_isError(m) || m != want)
        return hr_fail(err, HR_E_CORRUPT, "a ZSTD frame of %zu bytes is damaged", n);
    return 0;
}
#endif

size_t hr_coder_bound(const struct hr_coder *k, size_t n)
{
#if HAVE_LZ4
    if (k->codec == HR_CODEC_LZ4) {
        LZ4F_preferences_t p = lz4_prefs(k, n);
        return LZ4F_compressFrameBound(n, &p);
    }
#endif
#if HAVE_ZSTD
    if (k->codec == HR_CODEC_ZSTD)
        return ZSTD_compressBound(n);
#endif
    (void)k;
    return n;
}

int hr_coder_encode(struct hr_coder *k, const void *p, size_t n, void *to, size_t room, size_t *ret_n, struct hr_error *err)
{
#if HAVE_LZ4
    if (k->codec == HR_CODEC_LZ4) {
        LZ4F_preferences_t prefs = lz4_prefs(k, n);
        size_t m = LZ4F_compressFrame(to, room, p, n, &prefs);
        if (LZ4F_isError(m))
            return hr_fail(err, HR_E_BUG, "LZ4 refused to compress %zu bytes: %s", n, LZ4F_getErrorName(m));
        *ret_n = m;
        return 0;
    }
#endif
#if HAVE_ZSTD
    if (k->codec == HR_CODEC_ZSTD)
        return zstd_encode(k, p, n, to, room, ret_n, err);
#endif
    (void)k, (void)p, (void)to, (void)room, (void)ret_n;
    return hr_fail(err, HR_E_BUG, "a coder without a codec was asked for %zu bytes", n);
}

int hr_coder_decode(struct hr_coder *k, const void *p, size_t n, void *to, size_t want, struct hr_error *err)
{
#if HAVE_LZ4
    if (k->codec == HR_CODEC_LZ4)
        return lz4_decode(k, p, n, to, want, err);
#endif
#if HAVE_ZSTD
    if (k->codec == HR_CODEC_ZSTD)
        return zstd_decode(k, p, n, to, want, err);
#endif
    (void)k, (void)p, (void)to, (void)want;
    return hr_fail(err, HR_E_BUG, "a coder without a codec was asked for %zu bytes", n);
}

/* A few coders wait here between uses.  Each place is taken and filled by one atomic exchange: no lock, and no coder is
 * ever seen by two threads. */
enum { SPARE = 8 };

struct hr_coder_pool {
    enum hr_codec codec;
    struct hr_coder *_Atomic spare[SPARE];
};

int hr_coder_pool_create(enum hr_codec c, struct hr_coder_pool **ret, struct hr_error *err)
{
    if (!hr_codec_available(c))
        return hr_fail(err, HR_E_UNSUPPORTED, "the dataset is compressed with %s, which this build of headrace lacks",
                       hr_codec_name(c));
    struct hr_coder_pool *p = hr_calloc(1, sizeof *p);
    if (p == NULL)
        return hr_fail_nomem(err, sizeof *p, "a codec");
    p->codec = c;
    *ret = p;
    return 0;
}

void hr_coder_pool_destroy(struct hr_coder_pool *p)
{
    for (size_t i = 0; p != NULL && i < SPARE; i++)
        hr_coder_destroy(atomic_load(&p->spare[i]));
    hr_free(p);
}

int hr_coder_borrow(struct hr_coder_pool *p, struct hr_coder **ret, struct hr_error *err)
{
    for (size_t i = 0; i < SPARE; i++) {
        struct hr_coder *k = atomic_exchange(&p->spare[i], NULL);
        if (k != NULL) {
            *ret = k;
            return 0;
        }
    }
    return hr_coder_create(p->codec, 0, ret, err);
}

void hr_coder_return(struct hr_coder_pool *p, struct hr_coder *k)
{
    for (size_t i = 0; i < SPARE; i++) {
        struct hr_coder *none = NULL;
        if (atomic_compare_exchange_strong(&p->spare[i], &none, k))
            return;
    }
    hr_coder_destroy(k);
}
