#!/usr/bin/env bash
# The Debian package on a bare Debian 12: it installs, the program balances and verifies, man pages, completion, pictures and
# the module file work, and a program builds against the library. BARE is a folder that shared/tools/bare.sh made.
#   cpack --preset package && bash tests/campaigns/package.sh build/package/synbal_*.deb /tmp/bare
set -euo pipefail
deb=$(realpath "${1:?give the .deb}") bare=${2:?give the folder of a bare Debian}
tool=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/../shared/tools/bare.sh
[ -f "$tool" ] || { echo "skipped: no shared/tools/bare.sh beside the checkout" && exit 77; }
cp "$deb" "$bare/tmp/synbal.deb"
cat >"$bare/tmp/try_package.sh" <<'EOF'
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
apt-get update -qq
apt-get purge -y synbal >/dev/null 2>&1 || true
apt-get install -y -qq /tmp/synbal.deb man-db bash-completion zsh environment-modules >/dev/null
cd "$(mktemp -d)"
step() { echo "ok: $*"; }
synbal generate modular --modules 64 --nodes 6400 --degree 8 --inhibitory 0.2 --seed 1 -o net.h5 -q
mpirun -n 2 --oversubscribe synbal balance net.h5 -o balanced.h5 -q 2>/dev/null
synbal verify net.h5 balanced.h5 -q 2>/dev/null && step "balanced and verified by $(synbal --version)"
MANPAGER=cat man synbal-balance | grep -q -- --checkpoint-interval && step "man synbal-balance"
bash -c 'source /usr/share/bash-completion/bash_completion; __load_completion synbal; COMP_WORDS=(synbal lap) COMP_CWORD=1; _synbal; [ "${COMPREPLY[*]}" = laplacian ]' && step "completion by bash"
for folder in vendor-completions site-functions; do [ -f /usr/share/zsh/$folder/_synbal ] && zsh -n /usr/share/zsh/$folder/_synbal && step "completion for zsh, $folder"; done
synbal-plot balance balanced.h5 --network net.h5 | grep -q written && step "picture"
synbal-campaign plan /usr/share/synbal/campaigns/power_and_gain.toml --machine /usr/share/synbal/machines/workstation.toml --folder c >/dev/null && step "campaign planned"
bash -c 'source /usr/share/modules/init/bash; module use /usr/share/modulefiles; module load synbal; [ "$SYNBAL_ROOT" = /usr ]' && step "module"
cp -r /usr/share/doc/synbal/examples/consumer consumer
cmake -S consumer -B build >/dev/null && cmake --build build >/dev/null && ./build/consumer 2>/dev/null | grep -q '^synbal' && step "consumer"
EOF
bash "$tool" "$bare" bash /tmp/try_package.sh
