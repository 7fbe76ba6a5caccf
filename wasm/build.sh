#!/usr/bin/env bash
# Builds the guest: wasm/build.sh OUTPUT [PRELUDE]. PRELUDE is the folder of the Lua files that it starts with. Lua's
# sources and the compiler are what sources.sh fetches, pinned by version and hash; the same inputs give the same bytes,
# in any folder and with any cache. $PYTHON must have wasmtime (the project's own pinned version): the module is started
# once, and its memory as it is then becomes its data.
set -euo pipefail

output=${1:?usage: wasm/build.sh OUTPUT [PRELUDE]}
[ "${output#/}" != "$output" ] || output=$PWD/$output
here=$(cd "$(dirname "$0")" && pwd)
prelude=$(cd "${2:-$here/prelude}" && pwd)
python=$(command -v "${PYTHON:-python3}") && python=$(cd "$(dirname "$python")" && pwd)/$(basename "$python")
lua=$(PYTHON=$python "$here/sources.sh" lua)
zig=$(PYTHON=$python "$here/sources.sh" zig)
cache=$("$here/sources.sh" cache)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$lua" "$work/lua"
cp -r "$here/guest" "$work/guest"
cp "$prelude"/*.lua "$work/"

# The interpreter loop is taken out of lvm.c, for guest.c to compile it with macros of its own (see guest/loop.h).
loop='/^void luaV_execute (lua_State \*L, CallInfo \*ci) {$/,/^}$/'
sed -n "$loop p" "$work/lua/lvm.c" > "$work/lua/lvmloop.c"
sed -i "$loop d" "$work/lua/lvm.c"
[ "$(wc -l < "$work/lua/lvmloop.c")" = 747 ] || { echo "build.sh: lvm.c is not as expected" >&2; exit 1; }

change() { # file, a line that must be there once, and what stands there instead
  [ "$(grep -cxF -- "$2" "$work/lua/$1")" = 1 ] || { echo "build.sh: $1 is not as expected" >&2; exit 1; }
  old=$2 new=$3 awk '$0 == ENVIRON["old"] { $0 = ENVIRON["new"] } { print }' "$work/lua/$1" > "$work/changed"
  mv "$work/changed" "$work/lua/$1"
}
# A loop that has returned because of a yield (see yield in guest/loop.h) is not gone on with.
change ldo.c '  while ((ci = L->ci) != &L->base_ci) {  /* something in the stack */' \
  '  while (L->status != LUA_YIELD && (ci = L->ci) != &L->base_ci) {'
# The table of strings grows only where there is memory: trying it without, Lua collects all garbage at every new string.
change lstring.c '    luaS_resize(L, tb->size * 2);' \
  '    if (heap_has(sizeof(TString *) * 2 * tb->size)) luaS_resize(L, tb->size * 2);'
# Direct calls of the allocator, which the compiler can inline.
change lmem.c '#define callfrealloc(g,block,os,ns)    ((*g->frealloc)(g->ud, block, os, ns))' \
  '#define callfrealloc(g,block,os,ns) guest_alloc(NULL, block, os, ns)'

cd "$work" # relative names only: no path of this machine gets into the module
"$python" "$here/embed.py" guest/prelude.h $(cat "$prelude/ORDER")
export ZIG_GLOBAL_CACHE_DIR="$cache/zig-cache" ZIG_LOCAL_CACHE_DIR="$work/zig-cache"
"$zig" cc -target wasm32-wasi -mexec-model=reactor -O3 -std=gnu11 -DNDEBUG -DLUA_USE_JUMPTABLE=0 \
  -mcpu=generic+exception_handling+bulk_memory+sign_ext+nontrapping_fptoint+mutable_globals+multivalue \
  -mllvm -wasm-enable-sjlj -mllvm -wasm-use-legacy-eh=false -mllvm -inline-threshold=600 \
  -Wall -Wextra -Werror -Wno-unused-function -Wno-unused-parameter -Wno-unused-value -Wno-sign-compare -Wno-unused-command-line-argument \
  -Ilua -Iguest -Wl,-z,stack-size=262144 -Wl,--strip-all -Wl,--no-entry \
  guest/guest.c guest/sjlj.s -o lua.wasm
"$python" "$here/snapshot.py" lua.wasm image.wasm
mv image.wasm "$output"
