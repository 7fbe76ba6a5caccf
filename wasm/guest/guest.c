/*
** guest.c: the guest as one translation unit, so that the compiler inlines across Lua and our own files.
** Lua's sources are found by -I (build.sh unpacks them); ours stand beside this file; prelude.h is generated.
*/
#include "config.h"
#include "bytes.h"

#define LUA_CORE
#define LUA_LIB
#define ltable_c
#define lvm_c
#include "luaconf.h"
#undef LUAI_FUNC
#undef LUAI_DDEC
#undef LUAI_DDEF
#define LUAI_FUNC static
#define LUAI_DDEC(def) /* empty */
#define LUAI_DDEF static

#include "fastnum.h" /* after luaconf.h, whose macros it replaces */
#include "fastnum.c"
#include "alloc.c"

#include "lzio.c"
#include "lctype.c"
#include "lopcodes.c"
#include "lmem.c"
#include "lundump.c"
#include "ldump.c"
#include "lstate.c"
#include "lgc.c"
#include "llex.c"
#include "lcode.c"
#include "lparser.c"
#include "ldebug.c"
#include "lfunc.c"
#include "lobject.c"
#include "ltm.c"
#include "lstring.c"
#include "ltable.c"
#include "ldo.c"
#include "lvm.c"
#define luaV_execute hooked_execute
static __attribute__((optnone, noinline)) void hooked_execute(lua_State *L, CallInfo *ci);
#include "lvmloop.c"
#undef luaV_execute
#include "lapi.c"
#include "lauxlib.c"
#include "arrays.h"
#include "lbaselib.c"
#include "ldblib.c"
#include "lmathlib.c"
struct MatchState; /* inlined, each turn of a pattern's loops has a call less */
static __attribute__((always_inline)) int singlematch(struct MatchState *, const char *, const char *, const char *);
#include "lstrlib.c"
#include "ltablib.c"
#include "lutf8lib.c"

typedef struct {
  const char *name, *text;
  size_t len;
} PreludeFile;
#include "prelude.h"

#include "guest.h"
#include "output.c"
#include "codec.c"
#include "trace.c"
#include "coroutines.c"
#include "tasks.c"
#include "host.c"
#include "libs.c"
#include "image.c"
#include "turn.c"

#include "loop.h" /* last: its macros are for the loop alone */
#include "lvmloop.c"
