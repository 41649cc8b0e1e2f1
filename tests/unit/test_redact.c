/* The redaction: tables of texts and what must become of them. */
#include "unit.h"

#include "mem.h"
#include "redact.h"

#include <stdio.h>
#include <string.h>

static struct hr_redact *make(bool keep)
{
    struct hr_redact *r = NULL;
    struct hr_error err = HR_ERROR_INIT;
    assert_int_equal(hr_redact_open(keep, &r, &err), 0);
    assert_int_equal(hr_redact_know(r, HR_SECRET_USER, HR_STR("zaphod"), &err), 0);
    assert_int_equal(hr_redact_know(r, HR_SECRET_USER, HR_STR("Tricia McMillan"), &err), 0);
    assert_int_equal(hr_redact_know(r, HR_SECRET_USER, HR_STR("bob"), &err), 0);
    assert_int_equal(hr_redact_know(r, HR_SECRET_USER, HR_STR("data"), &err), 0);
    assert_int_equal(hr_redact_know(r, HR_SECRET_USER, HR_STR("al"), &err), 0);
    assert_int_equal(hr_redact_know(r, HR_SECRET_USER, HR_STR("20231234"), &err), 0);
    assert_int_equal(hr_redact_know(r, HR_SECRET_HOST, HR_STR("heart-of-gold\n"), &err), 0);
    assert_int_equal(hr_redact_know(r, HR_SECRET_PASS, HR_STR("Vogon/Poetry9"), &err), 0);
    return r;
}

/* Each text by a redactor of its own, so that numbers begin at 1; then once more, which must change nothing. */
static bool check(const char *in, const char *want)
{
    bool ok = true;
    struct hr_redact *r = make(false);
    struct hr_buf out = HR_BUF_INIT(1 << 20), again = HR_BUF_INIT(1 << 20);
    assert_true(hr_redact_text(r, hr_str(in), &out));
    if (strcmp(out.data, want) != 0) {
        print_error("'%s'\n gives '%s'\n not   '%s'\n", in, out.data, want);
        ok = false;
    }
    assert_true(hr_redact_text(r, hr_buf_str(&out), &again));
    if (strcmp(out.data, again.data) != 0) {
        print_error("'%s'\n then  '%s'\n", out.data, again.data);
        ok = false;
    }
    hr_buf_fini(&again);
    hr_buf_fini(&out);
    hr_redact_close(r);
    return ok;
}

static const struct {
    const char *in, *want; /* want NULL: stays as it is */
} texts[] = {
    /* users */
    { "/home/zaphod/.cache/huggingface", "/home/user1/.cache/huggingface" },
    { "home/zaphod", "home/user1" },
    { "/mnt/c/Users/Zaphod/.wslconfig", "/mnt/c/Users/user1/.wslconfig" },
    { "C:\\Users\\zaphod\\x and C:\\\\Users\\\\zaphod", "C:\\Users\\user1\\x and C:\\\\Users\\\\user1" },
    { "/mnt/c/Users/Tricia McMillan/.wslconfig", "/mnt/c/Users/user1/.wslconfig" },
    { "/mnt/c/Users/Ford Prefect/x:C:\\Users\\ford and more:/mnt/c/Users/ford /x", "/mnt/c/Users/user1/x:C:\\Users\\user2 and more:/mnt/c/Users/user2 /x" },
    { "/home/ford/x:/home/ford/y:/home/arthur", "/home/user1/x:/home/user1/y:/home/user2" },
    { "drwx zaphod zaphod", "drwx user1 user1" },
    { "zaphods_env", "user1s_env" },
    { "bob: Bob, bobsled kebob /srv/bob/x bob_2", "user1: user1, bobsled kebob /srv/user1/x user1_2" },
    { "data /srv/data /home/data/x al /home/al", "data /srv/data /home/user1/x al /home/user2" },
    { "20231234 a20231234 120231234 /u/20231234", "user1 a20231234 120231234 /u/user1" },
    { "/mnt/c/Users/Public /mnt/c/Users/Default %USERPROFILE% /home/$USER/x C:\\Users\\%USERNAME%", NULL },
    { "/home/user3/x", NULL },
    { "rhome/x /root/y /homework/z", NULL },
    /* hosts */
    { "zaphod@heart-of-gold:~$ ls; HEART-OF-GOLD.local", "user1@host1:~$ ls; host1.local" },
    /* secrets by name */
    { "HF_TOKEN=abcdef", "HF_TOKEN=redacted-1" },
    { "export WANDB_API_KEY='0123 456'", "export WANDB_API_KEY='redacted-1'" },
    { "AWS_SECRET_ACCESS_KEY=wJalr/XUtnFEMI+K7MDENG", "AWS_SECRET_ACCESS_KEY=redacted-1" },
    { "{\"api_key\": \"s3cr3t\", \"lr\": 0.1}", "{\"api_key\": \"redacted-1\", \"lr\": 0.1}" },
    { "db.password: hunter2", "db.password: redacted-1" },
    { "clientSecret=xyz123&grant=1", "clientSecret=redacted-1&grant=1" },
    { "--password hunter2 --epochs 3", "--password redacted-1 --epochs 3" },
    { "--hf-token=abc --hf-token abc", "--hf-token=redacted-1 --hf-token redacted-1" },
    { "--api-key \"a b\" x", "--api-key \"redacted-1\" x" },
    { "curl -u zaphod:pw https://x", "curl -u redacted-1 https://x" },
    { "docker run -u 1000:1000 --user 0:0 x", NULL },
    { "Authorization: Bearer abc.def-ghi", "Authorization: redacted-1" },
    { "-H Bearer abcdefghijklmnop", "-H Bearer redacted-1" },
    { "https://zaphod:pw@example.org/x", "https://redacted-1@example.org/x" },
    { "git clone https://ghp_0123456789abcdefghij@github.com/a/b", "git clone https://redacted-1@github.com/a/b" },
    { "ssh://git@github.com/a/b git@github.com:a/b", NULL },
    { "x Vogon/Poetry9 y", "x redacted-1 y" },
    { "password = hunter2", "password = redacted-1" },
    { "DEPLOY_KEY=abcd1234", "DEPLOY_KEY=redacted-1" },
    { "FOO_KEY=abcd1234", "FOO_KEY=redacted-1" },
    { "?sig=abc%2F&sv=1 X-Amz-Signature=00ff", "?sig=abc%2F&sv=1 X-Amz-Signature=redacted-1" },
    /* what is none */
    { "max_tokens=512 pad_token=<pad> eos_token=</s> --max-new-tokens 64 --num_token 7777777", NULL },
    { "key: value; sort_key=name", NULL },
    { "PWD=/srv/x OLDPWD=/srv/y pass through", NULL },
    { "HF_TOKEN= WANDB_API_KEY=$KEY TOKEN=${X} PASSWORD=none --token --next", NULL },
    { "--token-count 3 tokenizer=/srv/tok", NULL },
    { "HF_TOKEN=redacted-7", NULL },
    /* tokens by shape */
    { "hf_abcdefghijklmnopqrstuvwxyz0123", "redacted-1" },
    { "x ghp_0123456789abcdefghijABCDEFGHIJ012345 y", "x redacted-1 y" },
    { "sk-proj-abcdefghijklmnopqrst", "redacted-1" },
    { "AKIAIOSFODNN7EXAMPLE", "redacted-1" },
    { "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N", "redacted-1" },
    { "wandb login 0123456789012345678901234567890123456789", "wandb login redacted-1" },
    { "commit 0123456789012345678901234567890123456789", NULL },
    { "hf_transfer sk-learn AKIA hf_hub_download", NULL },
    { "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\ndef\n-----END OPENSSH PRIVATE KEY-----\n",
      "-----BEGIN OPENSSH PRIVATE KEY-----\nredacted-1\n-----END OPENSSH PRIVATE KEY-----\n" },
    /* addresses */
    { "nameserver 10.0.0.53", "nameserver 198.18.0.1" },
    { "http://192.168.7.9:8080/ 192.168.7.9", "http://198.18.0.1:8080/ 198.18.0.1" },
    { "127.0.0.1 0.0.0.0 255.255.255.0 10.255.255.254 169.254.169.254 224.0.0.1 10.1.2.0/24", NULL },
    { "WSL version: 2.4.12.3 nvidia_cublas-12.4.5.8.dist-info ==9.1.0.70 v1.2.3.4 lib.so.1.2.3.4 1.2.3.4.5", NULL },
    { "fe80::1ff:fe23:4567:890a%eth0 2001:db80::1", "2001:db8::1%eth0 2001:db8::2" },
    { "::1 std::vector 12:34:56 0000:01:00.0 a:b 10:20:30:40", NULL },
    { "link/ether 0c:9d:92:01:02:03 brd ff:ff:ff:ff:ff:ff", "link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff" },
    { "0C-9D-92-01-02-03", "02-00-00-00-00-01" },
    { "node_guid 9803:9b03:00a1:b2c4", "node_guid 0200:0000:0000:0001" },
    { "zaphod@corp.example.org <ford@h2g2.com>", "mail2@example.com <mail1@example.com>" },
    { "user@1000.service dbus@x.socket a@b", NULL },
    /* ids */
    { "GPU-1f2e3d4c-5b6a-7988-1234-56789abcdef0 (UUID: GPU-1F2E3D4C-5B6A-7988-1234-56789ABCDEF0)",
      "GPU-00000000-0000-4000-8000-000000000001 (UUID: GPU-00000000-0000-4000-8000-000000000001)" },
    { "0123456789abcdef0123456789abcdef", "00000000000000000000000000000001" },
    { "Serial Number: 4711ABC\nserial: none", "Serial Number: serial-1\nserial: none" },
    { "\"serial\": \"0123456789\"", "\"serial\": \"serial-1\"" },
    /* machine texts that must stay */
    { "<6>[    0.416325] Serial: 8250/16550 driver, 1 ports, IRQ sharing disabled", NULL },
    { "CUDA on WSL user guide (kernel 5.10.43.3), WSL2-Linux-Kernel 6.18.40.1", NULL },
    { "MemTotal:       65536000 kB\nSwapTotal: 0 kB\n", NULL },
    { "24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sdc rw\n", NULL },
    { "0::/user.slice/user-1000.slice/session-2.scope\n", NULL },
    { "Linux version 5.15.167.4-microsoft-standard-WSL2 (root@f9c826d3017f) (gcc 11.2.0) #1 SMP\n", NULL },
};

static void tables(void **state)
{
    (void)state;
    size_t failed = 0;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        failed += !check(texts[i].in, texts[i].want != NULL ? texts[i].want : texts[i].in);
    assert_int_equal(failed, 0);
}

static void arguments_parted_by_zeros(void **state)
{
    (void)state;
    static const char in[] = "python\0train.py\0--token\0s3cr3t-value\0--lr\0" "1e-3\0--password=pw1234\0";
    static const char want[] = "python\0train.py\0--token\0redacted-1\0--lr\0" "1e-3\0--password=redacted-2\0";
    struct hr_redact *r = make(false);
    struct hr_buf out = HR_BUF_INIT(4096);
    assert_true(hr_redact_file(r, "proc/77/cmdline", (struct hr_str) { in, sizeof in - 1 }, &out));
    assert_int_equal(out.len, sizeof want - 1);
    assert_memory_equal(out.data, want, out.len);
    hr_buf_fini(&out);
    hr_redact_close(r);
}

static const struct {
    const char *path, *in, *want;
} files[] = {
    { "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nzaphod:$6$abc:1000:1000:Zaphod B,,555-1234:/home/zaphod:/bin/bash\n",
      "root:x:0:0::/root:/bin/sh\nuser1:x:1000:1000::/home/user1:/bin/bash\n" },
    { "etc/machine-id", "0123456789abcdef0123456789abcdef\n", "00000000000000000000000000000001\n" },
    { "sys/class/dmi/id/product_serial", "PF3ABC12\n", "serial-1\n" },
    { "sys/class/dmi/id/product_serial", "Default string\n", "Default string\n" },
    { "sys/class/dmi/id/chassis_serial", "None\n", "None\n" },
    { "proc/sys/kernel/hostname", "heart-of-gold\n", "host1\n" },
    { "etc/hostname", "localhost\n", "localhost\n" },
    { "proc/77/environ", "HF_TOKEN=x", "" },
    { "proc/net/route", "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00FFFFFF\n", "eth0\t00000000\t010012C6\t0003\t0\t0\t0\t00FFFFFF\n" },
};

static void known_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct hr_redact *r = make(false);
        struct hr_buf out = HR_BUF_INIT(4096), again = HR_BUF_INIT(4096);
        assert_true(hr_redact_file(r, files[i].path, hr_str(files[i].in), &out));
        assert_string_equal(out.data, files[i].want);
        assert_true(hr_redact_file(r, files[i].path, hr_buf_str(&out), &again));
        assert_string_equal(again.data, files[i].want);
        hr_buf_fini(&again);
        hr_buf_fini(&out);
        hr_redact_close(r);
    }
}

/* As wsl.exe and powershell write. */
static void wide_texts(void **state)
{
    (void)state;
    static const char in[] = "C:\\Users\\Zaphod\\x \xe5\x86\x85 \xf0\x9f\x98\x80 HF_TOKEN=abc123\r\n";
    struct hr_redact *r = make(false);
    struct hr_buf wide = HR_BUF_INIT(4096), out = HR_BUF_INIT(4096), flat = HR_BUF_INIT(4096);
    static const uint16_t cjk[] = { 0x5185, ' ', 0xd83d, 0xde00 };
    hr_buf_add(&wide, "\xff\xfe", 2);
    for (const char *p = in; *p != 0; p++) {
        if ((unsigned char)*p >= 0x80) { /* the two characters above and the blank between, as units */
            for (size_t k = 0; k < 4; k++)
                hr_buf_add(&wide, (const char[]) { (char)(cjk[k] & 255), (char)(cjk[k] >> 8) }, 2);
            p = strstr(p, " HF") - 1;
            continue;
        }
        hr_buf_add(&wide, (const char[]) { *p, 0 }, 2);
    }
    assert_true(hr_redact_text(r, hr_buf_str(&wide), &out));
    for (size_t i = 0; i < out.len; i += 2)
        hr_buf_addc(&flat, out.data[i + 1] == 0 ? out.data[i] : '?');
    assert_string_equal(flat.data, "?C:\\Users\\user1\\x ? ?? HF_TOKEN=redacted-1\r\n");
    assert_non_null(memmem(out.data, out.len, "\x3d\xd8\x00\xde", 4));
    hr_buf_fini(&flat);
    hr_buf_fini(&out);
    hr_buf_fini(&wide);
    hr_redact_close(r);
}

static void the_same_is_the_same_everywhere(void **state)
{
    (void)state;
    struct hr_redact *r = make(false);
    struct hr_buf out = HR_BUF_INIT(4096);
    size_t different;
    assert_true(hr_redact_text(r, HR_STR("/home/ford 10.0.0.1 /home/zaphod|"), &out));
    assert_true(hr_redact_text(r, HR_STR("/home/zaphod 10.0.0.1 /home/ford"), &out));
    assert_string_equal(out.data, "/home/user1 198.18.0.1 /home/user2|/home/user2 198.18.0.1 /home/user1");
    assert_int_equal(hr_redact_count(r, HR_SECRET_USER, &different), 4);
    assert_int_equal(different, 2);
    hr_buf_fini(&out);
    hr_redact_close(r);
}

static void names_can_be_kept(void **state)
{
    (void)state;
    struct hr_redact *r = make(true);
    struct hr_buf out = HR_BUF_INIT(4096);
    assert_true(hr_redact_text(r, HR_STR("zaphod@heart-of-gold /home/zaphod HF_TOKEN=abc Vogon/Poetry9 10.0.0.1"), &out));
    assert_string_equal(out.data, "zaphod@heart-of-gold /home/zaphod HF_TOKEN=redacted-1 redacted-2 198.18.0.1");
    hr_buf_reset(&out);
    assert_true(hr_redact_file(r, "etc/hostname", HR_STR("heart-of-gold\n"), &out));
    assert_string_equal(out.data, "heart-of-gold\n");
    hr_buf_fini(&out);
    hr_redact_close(r);
}

static void what_is_left_is_seen(void **state)
{
    (void)state;
    struct hr_redact *r = make(false);
    assert_int_equal(hr_redact_left(r, HR_STR("nothing of it")), HR_SECRETS);
    assert_int_equal(hr_redact_left(r, HR_STR("x ZAPHOD y")), HR_SECRET_USER);
    assert_int_equal(hr_redact_left(r, HR_STR("heart-of-gold")), HR_SECRET_HOST);
    assert_int_equal(hr_redact_left(r, HR_STR("xVogon/Poetry9x")), HR_SECRET_PASS);
    hr_redact_close(r);
}

static void memory_may_fail(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        struct hr_redact *r = NULL;
        struct hr_buf out = HR_BUF_INIT(4096);
        uint64_t from = hr_mem_count();
        hr_mem_fail_at(n, false);
        int k = hr_redact_open(false, &r, NULL);
        if (k == 0)
            k = hr_redact_know(r, HR_SECRET_USER, HR_STR("zaphod"), NULL);
        bool ok = k == 0 && hr_redact_text(r, HR_STR("a zaphod 10.0.0.1 HF_TOKEN=abcd"), &out);
        uint64_t used = hr_mem_count() - from;
        hr_mem_fail_at(0, false);
        if (ok)
            assert_string_equal(out.data, "a user1 198.18.0.1 HF_TOKEN=redacted-1");
        else
            assert_int_equal(out.len, 0); /* nothing unredacted comes out */
        hr_buf_fini(&out);
        hr_redact_close(r);
        if (used < n)
            break;
        assert_false(ok);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables),
        cmocka_unit_test(arguments_parted_by_zeros),
        cmocka_unit_test(known_files),
        cmocka_unit_test(wide_texts),
        cmocka_unit_test(the_same_is_the_same_everywhere),
        cmocka_unit_test(names_can_be_kept),
        cmocka_unit_test(what_is_left_is_seen),
        cmocka_unit_test(memory_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
