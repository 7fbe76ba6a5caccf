/*
** config.h: what Lua's sources must see instead of the parts of libc that would reach the world.
** Included before any of them. Nothing here changes what Lua code means; everything here keeps WASI imports out.
*/
#ifndef llmspell_config_h
#define llmspell_config_h

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The two imports: all that the sandbox can do to the world. */
__attribute__((import_module("llmspell"), import_name("write")))
void llmspell_write(int stream, const void *data, size_t len);
__attribute__((import_module("llmspell"), import_name("call")))
uint64_t llmspell_call(const void *request, size_t len);

/*
** What every run writes stands together: a page that a run writes to is memory of that run, and the others are shared.
** Of EVERY_RUN, whose section begins on a page, there is about half a page; the mailbox begins in the rest of it.
*/
#define WRITTEN_PAGE 4096u
#define EVERY_RUN __attribute__((section(".bss.every_run")))
#define AFTER_EVERY_RUN __attribute__((section(".bss.mailbox")))

#define STDOUT 1
#define STDERR 2

/* print: one write a line, through a small buffer (see output.c). */
static void output_put(const char *s, size_t len);
static void output_flush(void);
#define lua_writestring(s, l) output_put((s), (l))
#define lua_writeline() (output_put("\n", 1), output_flush())
#define lua_writestringerror(s, p) \
  do { char b_[256]; int n_ = snprintf(b_, sizeof b_, (s), (p)); \
       llmspell_write(STDERR, b_, n_ < (int)sizeof b_ ? n_ : (int)sizeof b_ - 1); } while (0)

/* Files do not exist: luaL_loadfilex and debug.debug compile, and find nothing. */
typedef struct { int none; } NoFile;
#define FILE NoFile
#undef stdin
#undef getc
#undef feof
#undef ferror
#define stdin ((FILE *)0)
#define fopen(name, mode) ((void)(name), (void)(mode), (FILE *)0)
#define freopen(name, mode, f) ((void)(name), (void)(mode), (void)(f), (FILE *)0)
#define getc(f) ((void)(f), -1)
#define fclose(f) ((void)(f), 0)
#define fread(b, s, n, f) ((void)(b), (void)(f), (size_t)0)
#define ferror(f) ((void)(f), 0)
#define feof(f) ((void)(f), 1)
#define fflush(f) ((void)0)
#define fgets(b, n, f) ((void)(b), (char *)0)
#define abort() __builtin_trap()
#define exit(code) __builtin_trap()

/* No clock and no addresses: seeds come from the host, through guest_entropy (see libs.c). */
static uint64_t guest_entropy(void);
#define time(t) ((time_t)guest_entropy())
#define luai_makeseed(L) ((void)(L), 0x6c6c6d73u)
#define l_randomizePivot() ((unsigned int)guest_entropy())

#define lua_getlocaledecpoint() '.'
/* As Lua's own, but what has returned may have yielded (see yield in loop.h). */
#define LUAI_THROW(L, c) longjmp((c)->b, 1)
#define LUAI_TRY(L, c, a) if (setjmp((c)->b) == 0) { a if ((L)->status == LUA_YIELD) (c)->status = LUA_YIELD; }
#define luai_jmpbuf jmp_buf

#define l_signalT int /* there are no signals in here */

#endif
