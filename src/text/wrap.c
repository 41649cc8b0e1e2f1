#include "wrap.h"

#include "utf8.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t';
}

size_t hr_wrap(struct hr_buf *out, struct hr_str text, size_t column, size_t indent, size_t width)
{
    bool first = true;
    while (text.n != 0) {
        while (text.n != 0 && is_blank(text.p[0]))
            text.p++, text.n--;
        size_t n = 0;
        while (n < text.n && !is_blank(text.p[n]))
            n++;
        if (n == 0)
            break;
        struct hr_str word = { text.p, n };
        size_t columns = hr_utf8_columns(word);
        if (!first && column + 1 + columns > width) {
            hr_buf_addc(out, '\n');
            hr_buf_pad(out, indent, ' ');
            column = indent;
        } else if (!first) {
            hr_buf_addc(out, ' ');
            column++;
        }
        hr_buf_add(out, word.p, word.n);
        column += columns;
        first = false;
        text.p += n;
        text.n -= n;
    }
    return column;
}
