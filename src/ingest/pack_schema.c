#include "pack_job.h"
#include "roles.h"
#include "schema_json.h"

#include <stdio.h>
#include <string.h>

enum { WIDEN_MAX = 32 }; /* times that the packing begins again */

static void show(const struct hr_packing *p)
{
    struct hr_buf b = HR_BUF_INIT((size_t)1 << 16);
    for (int f = 0; f < p->schema.n; f++) {
        const struct hr_field *field = &p->schema.field[f];
        hr_buf_printf(&b, "%s%s %s", f == 0 ? "" : "; ", field->name, hr_dtype_name(field->dtype));
        for (int d = 0; d < field->ndim; d++) {
            hr_buf_adds(&b, d == 0 ? " [" : ", ");
            if (field->shape[d] == HR_RAGGED)
                hr_buf_adds(&b, "*");
            else
                hr_buf_printf(&b, "%lld", (long long)field->shape[d]);
            hr_buf_adds(&b, d == field->ndim - 1 ? "]" : "");
        }
        if (field->role != HR_ROLE_NONE)
            hr_buf_printf(&b, " (%s)", hr_role_name(field->role));
    }
    hr_pack_notice(p, "schema: %s", b.data);
    hr_buf_fini(&b);
}

int hr_pack_roles(struct hr_packing *p, struct hr_error *err)
{
    struct hr_unit u;
    struct hr_block b;
    int e = p->source->ops->bind(p->source, &p->schema, err);
    if (e == 0)
        e = hr_block_init(&b, &p->schema, (size_t)1 << 40, err);
    if (e < 0)
        return e;
    e = p->source->ops->next(p->source, &u, err);
    if (e == 1) {
        e = p->source->ops->parse(p->source, &u, &b, err);
        if (p->source->ops->drop != NULL && u.data != NULL)
            p->source->ops->drop(p->source, &u);
    }
    if (e == 0)
        hr_roles_guess(&p->schema, &b);
    hr_block_fini(&b);
    return e;
}

int hr_pack_schema(struct hr_packing *p, struct hr_error *err)
{
    int e;
    if (p->o.schema != NULL) {
        e = hr_schema_from_json(hr_str(p->o.schema), "the given schema", &p->schema, err);
        for (int f = 0; e == 0 && f < p->schema.n; f++)
            if (p->schema.field[f].stored != p->schema.field[f].dtype)
                e = hr_fail(err, HR_E_INVALID, "the given schema stores '%s' as %s: leave \"stored\" out, and say --narrow or --quantize",
                            p->schema.field[f].name, hr_dtype_name(p->schema.field[f].stored));
        return e;
    }
    e = p->source->ops->schema(p->source, &p->schema, err);
    if (e == 0)
        e = hr_schema_check(&p->schema, err);
    if (e == 0)
        e = hr_pack_roles(p, err);
    p->inferred = e == 0;
    if (e == 0)
        show(p);
    return e;
}

bool hr_pack_widen(struct hr_packing *p, const struct hr_bad_sample *bad, const char *file)
{
    if (!p->inferred || p->source->once || p->widened == WIDEN_MAX)
        return false;
    struct hr_field *f = &p->schema.field[bad->field], was = *f;
    switch (bad->widen) {
    case HR_WIDEN_FLOAT:
        if (f->role == HR_ROLE_EDGE_INDEX)
            return false;
        f->dtype = p->o.float64 ? HR_F64 : HR_F32;
        break;
    case HR_WIDEN_DOUBLE: f->dtype = HR_F64; break;
    case HR_WIDEN_RAGGED:
        f->shape[bad->dim] = HR_RAGGED;
        if (f->role == HR_ROLE_GRAPH || f->role == HR_ROLE_LABEL)
            f->role = HR_ROLE_NONE;
        break;
    default: return false;
    }
    f->stored = f->dtype;
    if (hr_schema_check(&p->schema, NULL) < 0) {
        *f = was;
        return false;
    }
    p->widened++;
    hr_pack_notice(p, "'%s', sample %llu: '%s' %s, so its field is widened and packing begins again", file,
                   (unsigned long long)bad->number, bad->key, bad->why);
    show(p);
    return true;
}
