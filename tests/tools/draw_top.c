/* draw_view WIDTH HEIGHT GPUS [ascii|mono|light|help]: one frame of the live view of a made-up machine, as a terminal is sent it. */
#include "model_make.h"
#include "top_view.h"

#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    struct hr_painter p = { .caps = { true, HR_DEPTH_TRUE, false, HR_GLYPHS_BRAILLE } };
    struct hr_top_view v;
    struct hr_cells s = { 0 };
    struct hr_model *m = hr_calloc(1, sizeof *m);
    struct hr_series *series = NULL;
    hr_top_init(&v);
    for (int i = 4; i < argc; i++) {
        if (strcmp(argv[i], "ascii") == 0)
            p.caps.glyphs = HR_GLYPHS_ASCII;
        if (strcmp(argv[i], "blocks") == 0)
            p.caps.glyphs = HR_GLYPHS_BLOCKS;
        if (strcmp(argv[i], "mono") == 0)
            p.caps.depth = HR_DEPTH_NONE;
        p.caps.light |= strcmp(argv[i], "light") == 0;
        v.help |= strcmp(argv[i], "help") == 0;
        v.all_open |= strcmp(argv[i], "open") == 0;
    }
    if (m == NULL || hr_series_open(&series, NULL) < 0 || !hr_cells_resize(&s, atoi(argv[1]), atoi(argv[2])))
        return 1;
    for (unsigned t = 0; t < 400; t++) {
        make_model(m, t, (unsigned)atoi(argv[3]));
        hr_series_take(series, m);
    }
    struct hr_top_alert alert = { .level = HR_TOP_WARN, .key = "memory-forecast", .text = "memory is full in about 14 min (9 to 25): train.py grows by 180 MiB/min. Fewer workers, or a smaller batch." };
    struct hr_top_scene scene = { .m = m, .s = series, .alert = &alert, .alerts = 1 };
    hr_top_draw(&v, &scene, &s, &p);
    struct hr_buf out = HR_BUF_INIT(8 << 20);
    if (!hr_paint(&p, &s, &out))
        return 1;
    fwrite(out.data, 1, out.len, stdout);
    hr_buf_fini(&out);
    hr_cells_fini(&s);
    hr_painter_fini(&p);
    hr_series_close(series);
    hr_free(m);
    return 0;
}
