/* The inside of the training watch: what its files share. */
#ifndef HR_TRAIN_INSIDE_H
#define HR_TRAIN_INSIDE_H

#include "attend.h"
#include "gauge.h"
#include "kin.h"
#include "pen.h"
#include "room.h"
#include "train.h"

#define HR_TRAIN_MS UINT64_C(1000000)

struct hr_train_vram { /* of one card */
    uint64_t base;
    bool base_known, known, whole;
    uint64_t job; /* bytes now */
    double busy;
    uint64_t busy_n;
};

struct hr_train {
    const struct hr_train_options *o;
    struct hr_train_report *r;
    struct hr_attend attend;
    struct hr_kin_tree tree;
    struct hr_footprint footprint;
    struct hr_gauge gauge;
    struct hr_pen pen;
    struct hr_room room;
    struct hr_act act;
    int meminfo;
    uint64_t start, ticked;
    struct hr_counts counts;
    struct hr_taken level;
    struct hr_space space;
    struct hr_train_vram vram[HR_TRAIN_CARDS_MAX];
    uint64_t asked_at, ask_rest, asker_cpu; /* of the cards */
    uint64_t wanted_at;      /* a measurement is wanted since; 0: none is */
    unsigned short_ticks, gone_ticks; /* the machine has been short, all but gone, for so many ticks */
    uint64_t room_at;        /* when the machine was looked at last */
    bool machine_short, machine_gone; /* what was seen then */
    bool short_now, short_mine; /* ... and it was told; and the job holds enough to be the cause */
    uint64_t was_up, grew_at; /* the figure at the last tick; when it grew last */
    bool near;               /* a mark is near: ticks are shorter */
    bool pen_on;
    bool over;               /* the command has ended */
    uint64_t over_at;
    bool told_rest;          /* what the command left behind has been asked to end */
    uint64_t drop_cached;    /* page cache when files were dropped; 0: they were not */
    uint64_t drop_at;
    uint64_t curve_at, curve_bytes;
    bool curve_measured;
};

uint64_t hr_train_since(const struct hr_train *w, uint64_t now); /* the start */
/* An event in timeline.jsonl: `more` is a piece of JSON that begins with a comma, or "". */
void hr_train_tell(struct hr_train *w, const char *event, const char *more, ...) HR_PRINTF(3, 4);
/* A line for the user. */
void hr_train_say(struct hr_train *w, const char *fmt, ...) HR_PRINTF(2, 3);

/* One look at everything. */
void hr_train_tick(struct hr_train *w, uint64_t now);
/* VRAM: how it is before the job; takes what the cards tell; `act`: the act mark of one is over. */
void hr_train_vram_begin(struct hr_train *w);
void hr_train_vram_look(struct hr_train *w, uint64_t now, bool *ret_act);
void hr_train_vram_report(const struct hr_train *w);
/* What the ladder wants now. */
void hr_train_act(struct hr_train *w, const struct hr_act_level *level, uint64_t now);

#endif
