/* The network as far as downloads and training on several machines need it. */
#ifndef HR_NET_H
#define HR_NET_H

#include "known.h"
#include "root.h"

enum { HR_LINKS_MAX = 32 };

struct hr_link {
    char name[32];          /* "eth0" */
    bool up, physical;      /* physical: it has a device below it */
    struct hr_figure speed; /* Mbit/s */
    struct hr_figure mtu;
};

struct hr_net {
    struct hr_truth known;
    struct hr_link link[HR_LINKS_MAX]; /* without the loopback */
    size_t n;
    struct hr_word default_link; /* the interface of the default route (IPv4) */
    struct hr_word nameserver;   /* the first of /etc/resolv.conf */
    struct hr_word proxy;        /* https_proxy, without a user and password in it */
    struct hr_figure infiniband; /* devices in /sys/class/infiniband */
};

void hr_net_read(const struct hr_root *root, struct hr_net *ret);
/* The text of /proc/net/route alone. */
struct hr_word hr_net_default_link(struct hr_str route);

#endif
