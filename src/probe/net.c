#include "net.h"

#include "root_value.h"

#include <stdio.h>
#include <string.h>

/* Iface  Destination  Gateway ...: the default route has destination 00000000. */
struct hr_word hr_net_default_link(struct hr_str text)
{
    struct hr_str line, name, to;
    while (hr_str_cut(&text, '\n', &line))
        if (hr_str_cut(&line, '\t', &name) && hr_str_cut(&line, '\t', &to) && hr_str_is(hr_str_trim(to), "00000000"))
            return hr_word_clean(name);
    return hr_word_unknown("there is no default route (IPv4)");
}

static void read_link(const struct hr_root *root, const char *name, struct hr_link *l)
{
    char path[96];
    memset(l, 0, sizeof *l);
    snprintf(l->name, sizeof l->name, "%s", name);
    snprintf(path, sizeof path, "sys/class/net/%s/operstate", l->name);
    struct hr_word state = hr_root_word(root, path);
    l->up = state.known && strcmp(state.v, "up") == 0;
    snprintf(path, sizeof path, "sys/class/net/%s/device", l->name);
    l->physical = hr_root_exists(root, path);
    snprintf(path, sizeof path, "sys/class/net/%s/mtu", l->name);
    l->mtu = hr_root_figure(root, path);
    snprintf(path, sizeof path, "sys/class/net/%s/speed", l->name);
    l->speed =
        l->up && l->physical ? hr_root_figure(root, path) : hr_figure_unknown("the link has no speed of its own");
    if (l->speed.known && (l->speed.v == 0 || l->speed.v >= UINT32_MAX)) /* "unknown" is -1 */
        l->speed = hr_figure_unknown("the driver does not tell it");
}

static struct hr_word nameserver(const struct hr_root *root)
{
    struct hr_buf b = HR_BUF_INIT(65536);
    struct hr_word w = { false, "", "" };
    struct hr_str value;
    if (hr_root_text(root, "etc/resolv.conf", &b, w.why))
        w = hr_text_line(hr_buf_str(&b), ' ', "nameserver", &value) ? hr_word_clean(value)
                                                                    : hr_word_unknown("/etc/resolv.conf names none");
    hr_buf_fini(&b);
    return w;
}

static struct hr_word proxy(const struct hr_root *root)
{
    static const char *const names[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };
    struct hr_buf b = HR_BUF_INIT(65536);
    struct hr_word w = hr_word_unknown("no proxy is set");
    for (size_t i = 0; i < HR_COUNT(names) && !w.known; i++) {
        hr_buf_reset(&b);
        if (!hr_root_env(root, names[i], &b) || b.len == 0)
            continue;
        const char *at = strrchr(b.data, '@'); /* what stands before it is a secret */
        w = hr_word_clean(hr_str(at != NULL ? at + 1 : b.data));
    }
    hr_buf_fini(&b);
    return w;
}

void hr_net_read(const struct hr_root *root, struct hr_net *ret)
{
    struct hr_names names = { NULL, 0 };
    struct hr_buf b = HR_BUF_INIT(1 << 20);
    memset(ret, 0, sizeof *ret);
    ret->known = hr_truth_of(true);
    if (hr_root_list(root, "sys/class/net", &names, NULL) < 0)
        ret->known = hr_truth_unknown("/sys/class/net cannot be read");
    for (size_t i = 0; i < names.n && ret->n < HR_LINKS_MAX; i++)
        if (strcmp(names.name[i], "lo") != 0 && strlen(names.name[i]) < sizeof ret->link[0].name &&
            strncmp(names.name[i], "veth", 4) != 0)
            read_link(root, names.name[i], &ret->link[ret->n++]);
    hr_names_fini(&names);
    char why[HR_WHY_MAX];
    ret->default_link = hr_root_text(root, "proc/net/route", &b, why) ? hr_net_default_link(hr_buf_str(&b))
                                                                      : hr_word_unknown("%s", why);
    hr_buf_fini(&b);
    ret->nameserver = nameserver(root);
    ret->proxy = proxy(root);
    bool there = hr_root_list(root, "sys/class/infiniband", &names, NULL) == 0;
    ret->infiniband = there ? hr_figure_of(names.n) : hr_figure_unknown("there is no /sys/class/infiniband");
    if (there)
        hr_names_fini(&names);
}
