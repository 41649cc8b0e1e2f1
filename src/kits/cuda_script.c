/* The script of a plan.  POSIX sh; it is read by people before they run it, so it says at each part what and why.
 *
 * S1: nothing of the machine is changed before the question is answered with yes.
 * S2: nothing is taken off before the new package is known to be there.
 * S3: it may be run again, also after it stopped in the middle.
 * S4: it refuses a machine that is not the one it was written for. */
#include "cuda_plan.h"

#include "arch.h"

const char hr_cuda_old_pattern[] =
    "^(cuda|cuda-toolkit|cuda-[0-9]+-[0-9]+|cuda-toolkit-[0-9].*|cuda-.*-[0-9]+-[0-9]+|cuda-.*-config-common|gds-tools-[0-9].*|"
    "nsight-(compute|systems)(-.*)?|libcu(blas|fft|file|rand|solver|sparse|objclient)(-.*)?-[0-9]+-[0-9]+|"
    "libnpp(-dev)?-[0-9]+-[0-9]+|libnv(fatbin|jitlink|jpeg|ptxcompiler|vm)(-dev)?-[0-9]+-[0-9]+|"
    "nvidia-cuda-(dev|gdb|toolkit|toolkit-doc|toolkit-gcc))$";
const char hr_cuda_driver_pattern[] =
    "^(cuda-drivers.*|libcuda1.*|libnvidia-.*|nvidia-(compute-utils|dkms|driver|firmware|headless|kernel|modprobe|open|"
    "persistenced|settings|smi|utils).*|xserver-xorg-video-nvidia.*)$";
const char hr_cuda_keep_pattern[] = "^(cuda-keyring|cuda-compat-.*|libnvidia-container.*|nvidia-container.*)$";

static const char head[] =
    "#   sh FILE --look   shows what it would do, and ends\n"
    "#   sh FILE          shows it, asks, and does it\n"
    "#   sh FILE --yes    does not ask\n"
    "# It may be run again, also after it stopped in the middle.\n"
    "set -eu\n"
    "LC_ALL=C\n"
    "export LC_ALL\n\n";

static const char checks[] =
    "say() {\n    printf '%s\\n' \"$*\"\n}\n\n"
    "fail() {\n    printf '%s\\n' \"$*\" >&2\n    exit 1\n}\n\n"
    "look=no\nyes=no\n"
    "for option in \"$@\"; do\n"
    "    case $option in\n"
    "    --look) look=yes ;;\n"
    "    --yes) yes=yes ;;\n"
    "    *) fail \"unknown option: $option (--look, --yes)\" ;;\n"
    "    esac\n"
    "done\n\n"
    "# --- is this the machine that it was written for?\n"
    "command -v apt-get >/dev/null 2>&1 || fail 'this system has no apt-get'\n"
    "here=$(. \"$root/etc/os-release\" && printf '%s %s' \"${ID:-}\" \"${VERSION_ID:-}\")\n"
    "[ \"$here\" = \"$system\" ] || fail \"written for '$system', and this is '$here': headrace cuda --write-script writes another\"\n"
    "here_wsl=no\n"
    "if grep -qi microsoft \"$root/proc/sys/kernel/osrelease\" 2>/dev/null && [ ! -e \"$root/.dockerenv\" ]; then\n"
    "    here_wsl=yes\n"
    "fi\n"
    "[ \"$here_wsl\" = \"$wsl\" ] || fail \"written for WSL: $wsl, and here that is $here_wsl\"\n"
    "sudo=sudo\n"
    "[ \"$(id -u)\" -ne 0 ] || sudo=\n\n"
    "# --- what is here\n"
    "# packages in any state but \"removed\", by name\n"
    "packages() {\n"
    "    dpkg-query -W -f '${db:Status-Status} ${Package}\\n' 2>/dev/null |\n"
    "        awk '$1 != \"not-installed\" && $1 != \"config-files\" { print $2 }' | grep -E \"$1\" | grep -Ev \"$keep\" | sort -u || true\n"
    "}\n"
    "half() {\n"
    "    dpkg-query -W -f '${db:Status-Status} ${Package}\\n' 2>/dev/null |\n"
    "        awk '$1 == \"half-installed\" { print $2 }' | grep -E \"$1\" | grep -Ev \"$keep\" | sort -u || true\n"
    "}\n";

static const char show[] =
    "broken=$(half \"$old_pattern\")\n\n"
    "say \"CUDA $want, on $system (WSL: $wsl)\"\n"
    "if [ -n \"$old\" ]; then\n"
    "    say 'takes off:'\n"
    "    for one in $old; do say \"    $one\"; done\n"
    "else\n"
    "    say 'takes off: nothing, no package of a toolkit is installed'\n"
    "fi\n"
    "say \"knows:     $url\"\n"
    "say \"installs:  $package${gxx:+ $gxx}\"\n"
    "[ \"$look\" = no ] || exit 0\n\n"
    "# --- S1: nothing has been changed so far\n"
    "if [ \"$yes\" = no ]; then\n"
    "    [ -t 0 ] || fail 'no terminal to ask at: read it, then run it with --yes'\n"
    "    printf 'Do this to the whole machine? [y/N] '\n"
    "    read -r answer\n"
    "    case $answer in\n"
    "    y | Y | yes) ;;\n"
    "    *) fail 'nothing was changed' ;;\n"
    "    esac\n"
    "fi\n"
    "DEBIAN_FRONTEND=noninteractive\n"
    "export DEBIAN_FRONTEND\n\n";

static const char keyring[] =
    "# --- NVIDIA's repository and its key, once\n"
    "if ! dpkg-query -W -f '${db:Status-Status}' cuda-keyring 2>/dev/null | grep -qx installed; then\n"
    "    folder_of_key=$(mktemp -d)\n"
    "    trap 'rm -rf \"$folder_of_key\"' EXIT\n"
    "    if command -v curl >/dev/null 2>&1; then\n"
    "        curl -fsSL -o \"$folder_of_key/cuda-keyring.deb\" \"$url\"\n"
    "    elif command -v wget >/dev/null 2>&1; then\n"
    "        wget -q -O \"$folder_of_key/cuda-keyring.deb\" \"$url\"\n"
    "    else\n"
    "        fail \"neither curl nor wget is here: sudo apt-get install wget\"\n"
    "    fi\n"
    "    $sudo dpkg -i \"$folder_of_key/cuda-keyring.deb\"\n"
    "fi\n"
    "$sudo apt-get update\n\n"
    "# --- S2: before anything goes, is the new one there?\n"
    "apt-cache show \"$package\" >/dev/null 2>&1 ||\n"
    "    fail \"the repository for $repository has no $package: nothing was taken off\"\n\n";

static const char change[] =
    "# --- what goes.  Half-installed packages first: apt-get cannot take them off.\n"
    "if [ -n \"$broken\" ]; then\n"
    "    # shellcheck disable=SC2086  # one word each\n"
    "    $sudo dpkg --purge --force-remove-reinstreq --force-depends $broken\n"
    "    old=$(packages \"$old_pattern\")\n"
    "fi\n"
    "$sudo dpkg --configure -a || true\n"
    "if [ -n \"$old\" ]; then\n"
    "    # shellcheck disable=SC2086\n"
    "    $sudo apt-get purge -y $old\n"
    "fi\n"
    "if [ -L \"$root/usr/local/cuda\" ] && [ ! -e \"$root/usr/local/cuda\" ]; then\n"
    "    $sudo rm -f \"$root/usr/local/cuda\" # it leads to a toolkit that is gone\n"
    "fi\n\n"
    "# --- the toolkit alone: 'cuda' and 'cuda-drivers' would bring a driver\n"
    "# shellcheck disable=SC2086\n"
    "$sudo apt-get install -y \"$package\" $gxx\n"
    "if update-alternatives --list cuda 2>/dev/null | grep -qx \"/usr/local/cuda-$want\"; then\n"
    "    $sudo update-alternatives --set cuda \"/usr/local/cuda-$want\"\n"
    "fi\n"
    "$sudo ldconfig\n\n"
    "# --- look\n"
    "nvcc=$root/usr/local/cuda-$want/bin/nvcc\n"
    "[ -x \"$nvcc\" ] || fail \"$nvcc is missing although $package is installed: sudo apt-get install --reinstall $package\"\n"
    "\"$nvcc\" --version | tail -n 2\n"
    "say ''\n"
    "say 'Done. What nothing needs any more:   sudo apt-get autoremove --purge'\n"
    "say 'For your shell (in ~/.bashrc to keep it):'\n"
    "say \"    export CUDA_HOME=/usr/local/cuda-$want PATH=/usr/local/cuda-$want/bin:\\$PATH\"\n";

bool hr_cuda_plan_script(const struct hr_cuda_plan *p, const char *version, struct hr_buf *b)
{
    struct hr_cc_text want_text = hr_cuda_text(p->want);
    const char *want = want_text.text;
    hr_buf_printf(b, "#!/bin/sh\n# Installs CUDA %s anew on %s.  Written by headrace %s; read it before you run it.\n", want, p->system, version);
    hr_buf_adds(b, head);
    hr_buf_printf(b, "want=%s\npackage=cuda-toolkit-%u-%u\n", want, p->want / 100, p->want % 100);
    hr_buf_printf(b, "repository=%s\nurl=https://developer.download.nvidia.com/compute/cuda/repos/%s/%s/cuda-keyring_1.1-1_all.deb\n",
                  p->repository, p->repository, p->arch);
    hr_buf_printf(b, "system='%s %s'\nwsl=%s\n", p->id, p->release, p->wsl ? "yes" : "no");
    if (p->gxx != 0)
        hr_buf_printf(b, "gxx=g++-%u # the newest that its nvcc takes\n", p->gxx);
    else
        hr_buf_adds(b, "gxx=\n");
    hr_buf_adds(b, "root=${CUDA_REINSTALL_ROOT:-} # for tests: another root than /\n");
    hr_buf_printf(b, "# packages of a toolkit; what stays whatever its name\nold_pattern='%s'\nkeep='%s'\n", hr_cuda_old_pattern, hr_cuda_keep_pattern);
    if (p->wsl)
        hr_buf_printf(b, "# in WSL the driver comes from Windows: a Linux one goes with the toolkits\nold_pattern=\"$old_pattern|%s\"\n",
                      hr_cuda_driver_pattern);
    hr_buf_addc(b, '\n');
    hr_buf_adds(b, checks);
    hr_buf_adds(b, "old=$(packages \"$old_pattern\")\n");
    hr_buf_adds(b, show);
    hr_buf_adds(b, keyring);
    hr_buf_adds(b, change);
    if (p->gxx != 0)
        hr_buf_printf(b, "say '    export CC=gcc-%u CXX=g++-%u NVCC_CCBIN=g++-%u CUDAHOSTCXX=g++-%u'\n", p->gxx, p->gxx, p->gxx, p->gxx);
    if (p->wsl)
        hr_buf_adds(b, "say 'Then, in Windows: wsl --shutdown'\n");
    hr_buf_adds(b, "say 'And see what each build takes now:   headrace cuda'\n");
    return !b->failed;
}
