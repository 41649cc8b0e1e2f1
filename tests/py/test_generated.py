"""What the program writes from its own tables: manual pages, completions, docs/reference/cli.md."""

import re
import shutil
import subprocess

import pytest

from places import BIN, ROOT
from test_cli import TABLES, every_command


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    if not BIN.exists():
        pytest.skip(f"{BIN} is not built")
    out = tmp_path_factory.mktemp("generated")
    subprocess.run([BIN, "__generate", out, "--prose", ROOT / "docs/man"], check=True)
    return out


def need(tool):
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")


@pytest.mark.parametrize("written, kept", [("reference/cli.md", "docs/reference/cli.md"), ("reference/doctor.md", "docs/doctor.md")])
def test_the_reference_is_in_step(generated, written, kept):
    old = f"{kept} is old: run `ninja -C build docs` and commit it"
    assert (ROOT / kept).read_text() == (generated / written).read_text(), old


def test_every_page_of_prose_has_its_command():
    if not BIN.exists():
        pytest.skip(f"{BIN} is not built")
    assert {p.stem for p in (ROOT / "docs/man").glob("*.md")} == {c["name"] for c in TABLES["commands"]} | {"headrace"}


def manual(generated, name):
    return (generated / "share/man/man1" / f"{name}.1").read_text()


@every_command
def test_manual_page(generated, command):
    page = manual(generated, f"headrace-{command['name']}")
    plain = page.replace("\\-", "-").replace("\\(aq", "'").replace("\\(dq", '"')
    for o in command["options"] + TABLES["common"]:
        assert o["name"] in plain
        assert o["help"][1:] in plain
    for e in command["examples"]:
        assert e["line"].replace("\\", "\\e") in plain
    assert re.search(r"^\.SH DESCRIPTION$", page, re.M), "docs/man/<command>.md says nothing before its first heading"


def test_manual_pages_are_sound(generated):
    pages = sorted((generated / "share/man/man1").glob("*.1"))
    assert len(pages) == len(TABLES["commands"]) + 1
    need("groff")
    for p in pages:
        ran = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-b", "-z", "-k", p], capture_output=True, text=True)
        assert ran.returncode == 0 and ran.stderr == "", ran.stderr


def test_manual_pages_pass_mandoc(generated):
    need("mandoc")
    for p in sorted((generated / "share/man/man1").glob("*.1")):
        ran = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", p], capture_output=True, text=True)
        told = [line for line in ran.stdout.splitlines() if "missing date" not in line]  # a date would differ in every build
        assert told == []


def test_completions_have_every_option(generated):
    share = generated / "share"
    texts = [(share / "bash-completion/completions/headrace").read_text(), (share / "zsh/site-functions/_headrace").read_text(),
             (share / "fish/vendor_completions.d/headrace.fish").read_text()]
    for text in texts:
        for c in TABLES["commands"]:
            assert c["name"] in text
            for o in c["options"] + TABLES["common"]:
                if not o["positional"]:
                    assert re.search(rf"(--|-l ){re.escape(o['name'])}\b", text)


def bash_completes(generated, *words):
    need("bash")
    script = (f"source {generated}/share/bash-completion/completions/headrace\n"
              'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _headrace; printf "%s\\n" "${COMPREPLY[@]}"')
    ran = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True, check=True, cwd=generated)
    assert ran.stderr == ""
    return set(ran.stdout.split())


def test_bash_completes(generated):
    assert bash_completes(generated, "headrace", "vers") == {"version"}
    assert bash_completes(generated, "headrace", "version", "--js") == {"--json"}
    assert bash_completes(generated, "headrace", "version", "--color", "a") == {"auto", "always"}
    assert bash_completes(generated, "headrace", "version", "--color", "=", "n") == {"never"}
    assert bash_completes(generated, "headrace", "--color", "never", "vers") == {"version"}
    assert bash_completes(generated, "headrace", "version", "--root", "") == {"share", "reference"}


@every_command
def test_bash_completes_every_choice(generated, command):
    for o in command["options"]:
        if o["type"] == "choice" and not o["positional"]:
            assert bash_completes(generated, "headrace", command["name"], f"--{o['name']}", "") == {c["name"] for c in o["choices"]}


def test_zsh_reads_its_completion(generated):
    need("zsh")
    file = generated / "share/zsh/site-functions/_headrace"
    subprocess.run(["zsh", "-n", file], check=True)
    ran = subprocess.run(["zsh", "-fc", f"fpath=({file.parent} $fpath); autoload -U compinit; compinit -u -D; "
                          "print ${_comps[headrace]}"], capture_output=True, text=True)
    assert ran.stdout.strip() == "_headrace" and ran.stderr == ""


def test_fish_completes(generated):
    need("fish")
    file = generated / "share/fish/vendor_completions.d/headrace.fish"
    def complete(line):
        ran = subprocess.run(["fish", "--no-config", "-c", f"source {file}; complete -C '{line}'"], capture_output=True, text=True,
                             check=True, env={"PATH": "/usr/bin:/bin", "HOME": str(generated)})
        return {x.split("\t")[0] for x in ran.stdout.splitlines()}
    assert "version" in complete("headrace ver")
    assert "--json" in complete("headrace version --js")
    assert complete("headrace version --color ") >= {"auto", "always", "never"}
