/*
** bytes.h: libc's functions on bytes as Lua uses them, on short strings, without a call. wasmtime makes one of every
** memory.copy, and checks fuel and deadline in every turn of a loop over single bytes.
*/
#ifndef llmspell_bytes_h
#define llmspell_bytes_h

static inline uint64_t load8(const void *p) { uint64_t v; __builtin_memcpy(&v, p, 8); return v; }
static inline uint32_t load4(const void *p) { uint32_t v; __builtin_memcpy(&v, p, 4); return v; }

static inline void *copy_bytes(void *to, const void *from, size_t n) {
  char *d = to;
  const char *s = from;
  if (__builtin_constant_p(n) || n > 32) return __builtin_memcpy(to, from, n);
  if (n >= 8) { /* the first and the last 16 or 8, which may overlap */
    uint64_t first = load8(s), last = load8(s + n - 8);
    if (n > 16) {
      uint64_t second = load8(s + 8), third = load8(s + n - 16);
      __builtin_memcpy(d + 8, &second, 8);
      __builtin_memcpy(d + n - 16, &third, 8);
    }
    __builtin_memcpy(d, &first, 8);
    __builtin_memcpy(d + n - 8, &last, 8);
  } else if (n >= 4) {
    uint32_t first = load4(s), last = load4(s + n - 4);
    __builtin_memcpy(d, &first, 4);
    __builtin_memcpy(d + n - 4, &last, 4);
  } else if (n != 0) { /* the first, the middle and the last, of 1 to 3 */
    char first = s[0], middle = s[n / 2], last = s[n - 1];
    d[0] = first;
    d[n / 2] = middle;
    d[n - 1] = last;
  }
  return to;
}

static inline int compare_bytes(const void *a, const void *b, size_t n) {
  const unsigned char *s = a, *t = b;
  for (; n >= 8 && load8(s) == load8(t); n -= 8, s += 8, t += 8) {}
  for (; n > 0; n--, s++, t++)
    if (*s != *t) return *s < *t ? -1 : 1;
  return 0;
}

#define memcpy copy_bytes
#define memcmp compare_bytes
#define strcoll strcmp /* there is no other locale */

/* ASCII, as in the C locale. */
static inline int to_lower(int c) { return (unsigned)c - 'A' < 26 ? c + 32 : c; }
static inline int to_upper(int c) { return (unsigned)c - 'a' < 26 ? c - 32 : c; }
static inline int is_alpha(int c) { return ((unsigned)c | 32) - 'a' < 26; }
static inline int is_digit(int c) { return (unsigned)c - '0' < 10; }
static inline int is_graph(int c) { return (unsigned)c - 0x21 < 0x5e; }
static inline int is_alnum(int c) { return is_alpha(c) || is_digit(c); }
#undef tolower
#undef toupper
#undef isalpha
#undef isdigit
#undef isgraph
#undef isalnum
#undef iscntrl
#undef isspace
#undef ispunct
#undef isxdigit
#define tolower to_lower
#define toupper to_upper
#define isalpha is_alpha
#define isdigit is_digit
#define isgraph is_graph
#define isalnum is_alnum
#define iscntrl(c) ((unsigned)(c) < 0x20 || (c) == 0x7f)
#define isspace(c) ((c) == ' ' || (unsigned)(c) - '\t' < 5)
#define ispunct(c) (is_graph(c) && !is_alnum(c))
#define isxdigit(c) (is_digit(c) || ((unsigned)(c) | 32) - 'a' < 6)

#endif
