/* Training data, checkpoints and projects at the paths that the user named; without one, the current folder, of which only
 * what costs nothing is asked. */
#include "check.h"

#include "human.h"

#include <inttypes.h>
#include <string.h>

/* Why a check has nothing to look at here, if so.  `contents`: it asks what lies there, not only where that is. */
static bool nothing_here(const struct hr_target *t, bool contents, struct hr_finding *f)
{
    if (contents && !t->named)
        hr_find(f, HR_NOT_HERE, "no PATH was named");
    else if (!t->there.known)
        hr_find(f, HR_UNKNOWN, "'%s' cannot be looked at: %s", t->path, t->there.why);
    else if (!t->there.v)
        hr_find(f, HR_NOT_HERE, "'%s' is not there", t->path);
    else if (t->mount == NULL)
        hr_find(f, HR_UNKNOWN, "it cannot be told which file system holds '%s'", t->path);
    else
        return false;
    return true;
}

static void seen_mount(const struct hr_target *t, struct hr_finding *f)
{
    hr_seen(f, "/proc/self/mountinfo: %s %s %s %s", t->mount->source, t->mount->at, t->mount->type, t->mount->super);
}

static void path_there(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_target *t = hr_facts_target(facts);
    if (!t->named)
        hr_find(f, HR_NOT_HERE, "no PATH was named");
    else if (!t->there.known)
        hr_find(f, HR_UNKNOWN, "'%s' cannot be looked at: %s", t->path, t->there.why);
    else if (!t->there.v)
        hr_find(f, HR_BAD, "'%s' is not there", t->path);
    else
        hr_find(f, HR_GOOD, "'%s' is there", t->path);
}

static void windows_drive(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_target *t = hr_facts_target(facts);
    if (nothing_here(t, false, f))
        return;
    if (t->mount->place != HR_PLACE_WINDOWS) {
        hr_find(f, HR_GOOD, "'%s' lies on no Windows drive (%s)", t->path, t->mount->type);
        return;
    }
    struct hr_word windows = hr_mounts_windows_path(hr_facts_mounts(facts), t->real);
    const char *name = strrchr(t->real, '/');
    hr_find(f, HR_WARN, "'%s' lies on a Windows drive%s%s (%s)", t->path, windows.known ? ": " : "",
            windows.known ? windows.v : "", t->mount->type);
    seen_mount(t, f);
    hr_fix(f, "# copy it once into the Linux file system, and work there");
    hr_fix(f, "rsync -a --info=progress2 %s ~/", hr_quoted(f, t->real));
    hr_undo(f, "rm -r ~/%s", hr_quoted(f, name != NULL && name[1] != 0 ? name + 1 : t->real));
}

static void network(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_target *t = hr_facts_target(facts);
    if (nothing_here(t, false, f))
        return;
    enum hr_place p = t->mount->place;
    if (p != HR_PLACE_NETWORK && p != HR_PLACE_FUSE && p != HR_PLACE_SHARED) {
        hr_find(f, HR_GOOD, "'%s' does not come over a network or a program", t->path);
        return;
    }
    hr_find(f, HR_NOTE, "'%s' lies on %s (%s): each first read waits for another machine or program", t->path,
            t->mount->type, hr_place_name(p));
    seen_mount(t, f);
    hr_fix(f, "# where there is room, copy what is read again and again to a local disk; else read large pieces in order");
}

static void in_memory(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_target *t = hr_facts_target(facts);
    if (nothing_here(t, false, f))
        return;
    if (t->mount->place != HR_PLACE_RAM) {
        hr_find(f, HR_GOOD, "'%s' is on a disk, not in memory", t->path);
        return;
    }
    hr_find(f, HR_NOTE, "'%s' lies in memory (%s): what it holds is gone at the next start and counts as used memory",
            t->path, t->mount->type);
    seen_mount(t, f);
}

static void container_layer(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_target *t = hr_facts_target(facts);
    if (nothing_here(t, false, f))
        return;
    if (t->mount->place != HR_PLACE_OVERLAY) {
        hr_find(f, HR_GOOD, "'%s' lies in no container's layer", t->path);
        return;
    }
    hr_find(f, HR_NOTE, "'%s' lies in the container's own layer: it goes when the container goes", t->path);
    seen_mount(t, f);
    hr_fix(f, "# mount a folder of the host for data and checkpoints");
    hr_fix(f, "docker run -v ~/data:%s ...", hr_quoted(f, t->real));
}

static void read_only(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_target *t = hr_facts_target(facts);
    if (nothing_here(t, false, f))
        return;
    if (!t->mount->read_only) {
        hr_find(f, HR_GOOD, "'%s' can be written", t->path);
        return;
    }
    hr_find(f, HR_WARN, "'%s' is on a file system that is mounted read-only: no checkpoint can be written there", t->path);
    seen_mount(t, f);
}

enum { LITTLE = 10, VERY_LITTLE = 1 }; /* GiB */

static void free_space(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_target *t = hr_facts_target(facts);
    struct hr_space s;
    if (nothing_here(t, false, f))
        return;
    hr_facts_space(facts, t->real, &s);
    if (!s.available.known) {
        hr_find(f, HR_UNKNOWN, "the free space at '%s': %s", t->path, s.available.why);
        return;
    }
    uint64_t gib = s.available.v >> 30;
    hr_find(f, gib < VERY_LITTLE ? HR_BAD : gib < LITTLE ? HR_WARN : HR_GOOD, "%s free for checkpoints at '%s'",
            hr_human_bytes(s.available.v).text, t->path);
    if (gib >= LITTLE)
        return;
    hr_seen(f, "statfs %s: %s of %s available", t->real, hr_human_bytes(s.available.v).text,
            s.total.known ? hr_human_bytes(s.total.v).text : "–");
    if (t->mount->place == HR_PLACE_WINDOWS) {
        hr_fix(f, "# in Windows: Settings, System, Storage shows what is largest (walking a drive from here is slow, and");
        hr_fix(f, "# leaks memory on some Windows builds)");
        return;
    }
    hr_fix(f, "# what is largest there, on this file system alone");
    hr_fix(f, "du -xh --max-depth=2 %s | sort -h | tail -20", hr_quoted(f, t->mount->at));
}

static void free_inodes(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_target *t = hr_facts_target(facts);
    struct hr_space s;
    if (nothing_here(t, false, f))
        return;
    hr_facts_space(facts, t->real, &s);
    if (t->mount->place == HR_PLACE_WINDOWS) {
        hr_find(f, HR_NOT_HERE, "Windows drives have no fixed number of files");
        return;
    }
    if (!s.files.known || !s.files_free.known || s.files.v == 0) {
        hr_find(f, HR_NOT_HERE, "%s has no fixed number of files", t->mount->type);
        return;
    }
    bool few = s.files_free.v < 20000 && s.files_free.v < s.files.v / 20;
    hr_find(f, s.files_free.v < 100 ? HR_BAD : few ? HR_WARN : HR_GOOD, "room for %s more files at '%s'",
            hr_human_count(s.files_free.v).text, t->path);
    if (!few)
        return;
    hr_seen(f, "statfs %s: %s of %s inodes free", t->real, hr_human_count(s.files_free.v).text,
            hr_human_count(s.files.v).text);
    hr_fix(f, "# which folders hold the most files");
    hr_fix(f, "du -x --inodes --max-depth=3 %s | sort -n | tail -20", hr_quoted(f, t->mount->at));
}

/* --- what lies there --- */

static const struct hr_survey *contents(struct hr_facts *facts, struct hr_finding *f)
{
    return nothing_here(hr_facts_target(facts), true, f) ? NULL : hr_facts_survey(facts);
}

/* How far the sample went, as evidence. */
static void seen_sample(const struct hr_survey *s, const struct hr_target *t, struct hr_finding *f)
{
    hr_seen(f, "%s: %s names in %s %s%s, %s files looked at, %s together", t->real, hr_human_count(s->names).text,
            hr_human_count(s->folders).text, s->folders == 1 ? "folder" : "folders", s->cut ? ", and there are more" : "",
            hr_human_count(s->looked).text, hr_human_bytes(s->bytes).text);
}

static void small_files(struct hr_facts *facts, struct hr_finding *f)
{
    enum { MANY = 1000 };
    const struct hr_survey *s = contents(facts, f);
    const struct hr_target *t = hr_facts_target(facts);
    if (s == NULL)
        return;
    if (s->looked == 0) {
        hr_find(f, s->cut ? HR_UNKNOWN : HR_NOT_HERE, "no file was found at '%s'%s", t->path,
                s->cut ? ", though it was not looked at to its end" : "");
        return;
    }
    if (s->names < MANY || s->small * 2 < s->looked) {
        hr_find(f, HR_GOOD, "'%s' is no heap of small files", t->path);
        return;
    }
    bool foreign = t->mount->place == HR_PLACE_WINDOWS || t->mount->place == HR_PLACE_NETWORK;
    hr_find(f, foreign ? HR_WARN : HR_NOTE, "'%s' holds many small files: %s%s seen, %s on average", t->path,
            s->cut ? "more than the " : "", hr_human_count(s->names).text, hr_human_bytes(s->bytes / s->looked).text);
    seen_sample(s, t, f);
    hr_fix(f, "# put them into one file, once");
    hr_fix(f, "headrace pack %s -o ~/packed", hr_quoted(f, t->real));
    hr_undo(f, "rm -r ~/packed");
}

static void json_chunks(struct hr_facts *facts, struct hr_finding *f)
{
    enum { LARGE = 8 << 20 };
    const struct hr_survey *s = contents(facts, f);
    const struct hr_target *t = hr_facts_target(facts);
    if (s == NULL)
        return;
    bool large = s->looked != 0 && s->bytes / s->looked >= LARGE;
    if (s->packed || s->count[HR_CONTENT_JSON] == 0 || (s->count[HR_CONTENT_JSON] * 2 < s->names && !large)) {
        hr_find(f, s->cut && s->looked == 0 ? HR_UNKNOWN : HR_GOOD,
                s->cut && s->looked == 0 ? "no file at '%s' could be looked at" : "'%s' is no data in JSON", t->path);
        return;
    }
    hr_find(f, HR_WARN, "'%s' is data in JSON (%s%s files): it is parsed anew in every epoch", t->path,
            s->cut ? "more than " : "", hr_human_count(s->count[HR_CONTENT_JSON]).text);
    seen_sample(s, t, f);
    hr_seen(f, "the first: %s", s->first[HR_CONTENT_JSON]);
    hr_fix(f, "headrace pack %s -o ~/packed", hr_quoted(f, t->real));
    hr_undo(f, "rm -r ~/packed");
}

static void larger_than_memory(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_survey *s = contents(facts, f);
    const struct hr_target *t = hr_facts_target(facts);
    if (s == NULL)
        return;
    const struct hr_ram *m = hr_facts_memory(facts);
    struct hr_figure most = hr_ram_ceiling(m), size = hr_survey_bytes(s);
    uint64_t room = most.known && m->available.known ? HR_MIN(most.v, m->available.v) : 0;
    if (s->folder && s->names == 0 && !s->cut) {
        hr_find(f, HR_NOT_HERE, "'%s' is empty", t->path);
    } else if (!most.known || !m->available.known) {
        hr_find(f, HR_UNKNOWN, "free memory is not known: %s", most.known ? m->available.why : most.why);
    } else if (s->bytes > room || (size.known && size.v > room)) {
        hr_find(f, HR_NOTE, "'%s' (%s %s) is larger than the free memory (%s)", t->path,
                size.known && s->looked == s->names ? "holds" : size.known ? "about" : "more than",
                hr_human_bytes(size.known ? size.v : s->bytes).text, hr_human_bytes(room).text);
        seen_sample(s, t, f);
        hr_fix(f, "# feed it with a budget and a window: how well that shuffles is told by");
        hr_fix(f, s->packed ? "headrace info %s" : "headrace pack %s -o ~/packed && headrace info ~/packed",
               hr_quoted(f, t->real));
    } else if (!size.known) {
        hr_find(f, HR_UNKNOWN, "how large '%s' is: %s", t->path, size.why);
    } else {
        hr_find(f, HR_GOOD, "'%s' (%s) fits into free memory (%s)", t->path, hr_human_bytes(size.v).text,
                hr_human_bytes(room).text);
    }
}

static void model_mmap(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_survey *s = contents(facts, f);
    const struct hr_target *t = hr_facts_target(facts);
    if (s == NULL)
        return;
    if (s->count[HR_CONTENT_MODEL] == 0) {
        hr_find(f, HR_NOT_HERE, "no safetensors or GGUF files were seen at '%s'", t->path);
        return;
    }
    if (t->mount->place == HR_PLACE_NATIVE || t->mount->place == HR_PLACE_RAM || t->mount->place == HR_PLACE_OVERLAY) {
        hr_find(f, HR_GOOD, "the model files at '%s' can be mapped", t->path);
        return;
    }
    hr_find(f, HR_WARN, "model files on %s: mapped, they are read page by page", t->mount->type);
    hr_seen(f, "%s/%s", t->real, s->first[HR_CONTENT_MODEL]);
    seen_mount(t, f);
    hr_fix(f, "# copy them into the Linux file system");
    hr_fix(f, "cd %s", hr_quoted(f, t->real));
    hr_fix(f, "cp %s ~/", hr_quoted(f, s->first[HR_CONTENT_MODEL]));
    hr_fix(f, "# or read them whole: llama.cpp has --no-mmap; in Python safetensors.torch.load(open(FILE, 'rb').read())");
}

static void link_out(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_survey *s = contents(facts, f);
    const struct hr_target *t = hr_facts_target(facts);
    if (s == NULL)
        return;
    if (!s->outside.known) {
        hr_find(f, HR_GOOD, "no link was seen that leads out of '%s'", t->path);
        return;
    }
    const char *to = strstr(s->outside.v, " -> ");
    const struct hr_mount *there = to == NULL ? NULL : hr_mounts_holding(hr_facts_mounts(facts), to + 4);
    bool windows = there != NULL && there->place == HR_PLACE_WINDOWS && t->mount->place != HR_PLACE_WINDOWS;
    hr_find(f, windows ? HR_WARN : HR_NOTE, "'%s' holds a link that leads %s", t->path,
            windows ? "to a Windows drive: what lies behind it is as slow as one" : "elsewhere");
    hr_seen(f, "%s", s->outside.v);
}

static void packed(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_survey *s = contents(facts, f);
    const struct hr_target *t = hr_facts_target(facts);
    if (s == NULL)
        return;
    if (!s->packed) {
        hr_find(f, HR_NOT_HERE, "'%s' is no packed dataset", t->path);
        return;
    }
    hr_find(f, HR_GOOD, "'%s' is a packed dataset", t->path);
    hr_fix(f, "# whether each of its bytes is still what was written");
    hr_fix(f, "headrace verify %s", hr_quoted(f, t->real));
}

#define WSL(n) "https://github.com/microsoft/WSL/issues/" n

const struct hr_check hr_checks_data[] = {
    { "data-path", "the path itself", "What is not there cannot be trained on; a script often finds out after minutes.",
      "stat(2)", false, path_there },
    { "data-windows-drive", "Windows drive under the data",
      "Each open, list and stat on a Windows drive is a message to a file server on the Windows side: about 1 ms where ext4 "
      "needs 2 µs, so a loader that reads many files waits for it. Nothing of it is cached but file contents.",
      WSL("4197") ", " WSL("7038") " (stat 1020 µs against 1.7 µs)", false, windows_drive },
    { "data-network", "network under the data",
      "A shuffled epoch reads small pieces in random order, the slowest thing that a network file system can be asked for.",
      "nfs(5); Linux Documentation/filesystems/fuse", false, network },
    { "data-in-memory", "memory under the data",
      "A file in tmpfs is memory: it counts against the limit like the program's own, and in WSL it is not given back to "
      "Windows.",
      "Linux Documentation/filesystems/tmpfs.rst", false, in_memory },
    { "data-container-layer", "container layer under the data",
      "The container's own layer is removed with it, checkpoints and all, and each file that is changed there is copied as a "
      "whole first.",
      "https://docs.docker.com/engine/storage/drivers/", false, container_layer },
    { "data-read-only", "whether checkpoints can be written",
      "A run that cannot write its first checkpoint loses all it has learned until then.", "mount(8)", false, read_only },
    { "data-free-space", "room for checkpoints",
      "A checkpoint of a model with Adam needs about 12 to 16 bytes per parameter; a disk that fills in the middle of one "
      "leaves a torn file.",
      "https://docs.pytorch.org/docs/stable/generated/torch.save.html; statfs(2)", false, free_space },
    { "data-inodes", "room for more files",
      "ext4 has a fixed number of files. When it is used up, 'No space left on device' comes with gigabytes free.",
      "mke2fs(8), -i and -N", false, free_inodes },
    { "data-small-files", "many small files",
      "Every file costs an open, a stat and a read of its own, for a few kilobytes. Packed into one file, the same data is "
      "read in large pieces.",
      "README, the comparison of loaders; measured with bench/feed", false, small_files },
    { "data-json", "data kept as JSON",
      "Text is parsed into numbers again in every epoch and in every worker. Packed once, the same samples were fed 2,600 "
      "times as fast in our comparison.",
      "README, the comparison of loaders (JSON chunks with an LRU); measured with bench/feed", false, json_chunks },
    { "data-memory", "data larger than memory",
      "What does not fit is read from the disk again in every epoch. Read through mmap in random order, it becomes hundreds "
      "of times slower than what fits; with a window of chunks it does not.",
      "README, 'a dataset larger than the budget'; measured with bench/budget", false, larger_than_memory },
    { "data-model-mmap", "model files where mapping is slow",
      "safetensors and GGUF files are mapped by default. On a Windows drive that reads them page by page: minutes for "
      "what a plain read brings in seconds.",
      "https://github.com/safetensors/safetensors/issues/562; exllamav2 pull request 171 (minutes against 20 s)", false,
      model_mmap },
    { "data-link", "links that lead out",
      "A folder on a fast disk may hold links to a slow one; what is read through them is as slow as where it lies.",
      "symlink(7)", false, link_out },
    { "data-packed", "packed dataset",
      "A packed dataset carries a checksum for each chunk: damage from a bad disk or a torn copy is found, not trained on.",
      "docs/format.md", false, packed },
    { NULL, NULL, NULL, NULL, false, NULL },
};
