/*
** Numbers to text and back for Lua, in 64-bit integer arithmetic: exactly what snprintf and strtod give, and a call
** to them whenever the fast way is not certain. libc's own go through long double, which WebAssembly does not have.
**
** Use: include it after luaconf.h (which reads LUA_CORE: define that first) and before Lua's sources, and fastnum.c
** once, in the same translation unit. Every function is static, nothing allocates, nothing is written outside the
** buffers, and all time is bounded by the length of the input.
*/
#ifndef FASTNUM_H
#define FASTNUM_H

#include <stddef.h>
#include <stdint.h>

/* What a buffer must hold for the functions below that take no size: the stores are wider than the text. */
#define FASTNUM_BUFFER 44

/* snprintf(buf, n, "%.14g", x): the length, or 0 when the result is not certain and buf holds nothing of use. */
static int fastnum_format14(char *buf, double x);

/* snprintf(buf, n, "%lld", v): always certain. */
static int fastnum_format_int(char *buf, long long v);

/* strtod(s, end) for any s; decimal numerals of up to 19 significant digits take the fast way. */
static double fastnum_parse(const char *s, char **end);

/* snprintf(buf, size, fmt, x) for any fmt; "%[-+ 0][width][.precision]" with e, f or g takes the fast way. */
static int fastnum_sprintf_double(char *buf, size_t size, const char *fmt, double x);

/* snprintf(buf, size, fmt, v) for any fmt; "%[-+ 0][width]" with lld, lli, llx or llX takes the fast way. */
static int fastnum_sprintf_int(char *buf, size_t size, const char *fmt, long long v);

/* fastnum_format14 with the call to snprintf where it is not certain. */
static int fastnum_number2str(char *buf, size_t size, double x);

#if defined(luaconf_h)
/*
** Lua's own hooks. l_sprintf is chosen by the type of the value, so string.format takes the fast way with no change
** to lstrlib.c. lua_strx2number follows lua_str2number by its definition; hexadecimal floats end in strtod.
** Lua's buffers for the first two are MAXNUMBER2STR (44) bytes.
*/
#undef lua_number2str
#define lua_number2str(s, sz, n) fastnum_number2str((s), (size_t)(sz), (double)(n))
#undef lua_integer2str
#define lua_integer2str(s, sz, n) ((void)(sz), fastnum_format_int((s), (long long)(n)))
#undef lua_str2number
#define lua_str2number(s, p) fastnum_parse((s), (p))
#undef l_sprintf
#define l_sprintf(s, sz, f, i) \
    _Generic((i), double: fastnum_sprintf_double, long long: fastnum_sprintf_int, default: snprintf) \
    ((s), (size_t)(sz), (f), (i))
#endif

#endif
