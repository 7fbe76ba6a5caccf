/*
** alloc.c: the guest's memory, in two layers. The heap gives chunks of any size and joins neighbours that are free, so
** that what was freed is there for every size again. Slabs are pages of the heap that hold blocks of one size: Lua's
** small objects. Lua says how large a block was when it frees it, so small blocks have no header.
**
** The compiler's own malloc rounds sizes up to powers of two and keeps what was freed for the same size: a script
** would reach its limit with half of its memory unused.
*/

/* ---- the heap ---- */

typedef struct Chunk {
  uint32_t before; /* size of the chunk before this one; 0: none */
  uint32_t size;   /* this header and what follows; a multiple of ALIGN, and FREE in the lowest bit */
  struct Chunk *next, *prev; /* in its bin, while it is free */
} Chunk;

#define HEAD 8u       /* bytes of a chunk in use that are not its user's */
#define ALIGN 16u     /* of what the user gets */
#define FREE 1u
#define MIN_CHUNK 32u
#define MAX_CHUNK (1u << 31)
#define PAGE 1024u    /* of small blocks; a waiting run has a part of one for each size: the smaller, the fewer pages */
#define BINS 400      /* 16 of equal width, and 16 for each power of two from 256 on */
#define TRIES 8       /* chunks of a bin that are looked at first */

extern unsigned char __heap_base; /* the first byte after the static data and the stack; the linker's */

static Chunk *bins[BINS] EVERY_RUN;
static uint64_t bins_used[(BINS + 63) / 64] EVERY_RUN;
static Chunk *heap_end EVERY_RUN; /* a chunk of no size after the last; NULL before the first allocation */
static uint32_t heap_last EVERY_RUN; /* its `before`: over there it would be one more page that every run writes */

static Chunk *chunk_at(const void *base, size_t offset) { return (Chunk *)((uintptr_t)base + offset); }
static size_t chunk_size(const Chunk *c) { return c->size & ~FREE; }
static Chunk *chunk_after(const Chunk *c) { return chunk_at(c, chunk_size(c)); }

static void set_before(Chunk *c, size_t size) {
  if (c == heap_end) heap_last = (uint32_t)size;
  else c->before = (uint32_t)size;
}

static unsigned bin_of(size_t size) {
  if (size < 256) return (unsigned)size / 16;
  unsigned log = 31 - (unsigned)__builtin_clz((unsigned)size);
  return 16 + (log - 8) * 16 + ((size >> (log - 4)) & 15);
}

/* The first bin from i on with a chunk in it, or BINS. */
static unsigned bin_from(unsigned i) {
  if (i >= BINS) return BINS;
  uint64_t word = bins_used[i / 64] >> (i % 64) << (i % 64);
  for (i /= 64; word == 0; word = bins_used[i])
    if (++i == sizeof bins_used / sizeof *bins_used) return BINS;
  return i * 64 + (unsigned)__builtin_ctzll(word);
}

static void bin_add(Chunk *c, size_t size) {
  unsigned i = bin_of(size);
  c->size = (uint32_t)size | FREE;
  set_before(chunk_after(c), size);
  c->prev = NULL;
  c->next = bins[i];
  if (c->next != NULL) c->next->prev = c;
  bins[i] = c;
  bins_used[i / 64] |= (uint64_t)1 << (i % 64);
}

static void bin_remove(Chunk *c) {
  unsigned i = bin_of(chunk_size(c));
  if (c->next != NULL) c->next->prev = c->prev;
  if (c->prev != NULL) c->prev->next = c->next;
  else if ((bins[i] = c->next) == NULL) bins_used[i / 64] &= ~((uint64_t)1 << (i % 64));
}

/* Use `size` bytes at c, of `have` that are there and in no bin; the rest becomes free. */
static void *chunk_use(Chunk *c, size_t have, size_t size) {
  if (have - size < MIN_CHUNK) {
    size = have;
  } else {
    Chunk *rest = chunk_at(c, size), *after = chunk_at(c, have);
    rest->before = (uint32_t)size;
    if (after->size & FREE) {
      bin_remove(after);
      have += chunk_size(after);
    }
    bin_add(rest, have - size);
  }
  c->size = (uint32_t)size;
  set_before(chunk_after(c), size);
  return chunk_at(c, HEAD);
}

static void heap_free(void *block) {
  if (block == NULL) return;
  Chunk *c = chunk_at(block, -(size_t)HEAD), *after = chunk_after(c);
  size_t size = chunk_size(c);
  if (after->size & FREE) {
    bin_remove(after);
    size += chunk_size(after);
  }
  if (c->before != 0 && chunk_at(c, -(size_t)c->before)->size & FREE) {
    c = chunk_at(c, -(size_t)c->before);
    bin_remove(c);
    size += chunk_size(c);
  }
  bin_add(c, size);
}

/* Make a free chunk of `size` at the heap's end. 0: the limit is reached. Nothing else takes memory from the system. */
static int heap_grow(size_t size) {
  Chunk *first = heap_end;
  if (first == NULL) { /* what there is beyond the static data, and a page, for that may be nothing */
    if (__builtin_wasm_memory_grow(0, 1) == (size_t)-1) return 0;
    first = chunk_at(NULL, (((uintptr_t)&__heap_base + WRITTEN_PAGE - 1) & ~(WRITTEN_PAGE - 1)) + ALIGN - HEAD);
  } else {
    const Chunk *last = chunk_at(first, -(size_t)heap_last);
    size_t have = last->size & FREE ? chunk_size(last) : 0;
    size_t pages = have < size ? (size - have + 0xffff) >> 16 : 1;
    if (__builtin_wasm_memory_grow(0, pages) == (size_t)-1) return 0;
  }
  heap_end = chunk_at(NULL, (__builtin_wasm_memory_size(0) << 16) - HEAD);
  first->before = heap_last;
  first->size = (uint32_t)((uintptr_t)heap_end - (uintptr_t)first);
  heap_free(chunk_at(first, HEAD));
  return 1;
}

static size_t chunk_for(size_t n) {
  return n + HEAD <= MIN_CHUNK ? MIN_CHUNK : (n + HEAD + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

/* A free chunk that has `size`, or NULL. */
static Chunk *heap_find(size_t size, int tries) {
  unsigned i = bin_of(size);
  for (Chunk *c = bins[i]; c != NULL && tries-- != 0; c = c->next)
    if (chunk_size(c) >= size) return c;
  return (i = bin_from(i + 1)) < BINS ? bins[i] : NULL;
}

static void *heap_new(size_t n) {
  if (n > MAX_CHUNK) return NULL;
  size_t size = chunk_for(n);
  Chunk *c = heap_find(size, TRIES);
  while (c == NULL && (c = heap_find(size, -1)) == NULL)
    if (!heap_grow(size)) return NULL;
  bin_remove(c);
  return chunk_use(c, chunk_size(c), size);
}

/* A free chunk with a page in it that begins `*skip` bytes on, or NULL. */
static Chunk *page_find(size_t *skip, int tries) {
  for (unsigned i = bin_of(PAGE); (i = bin_from(i)) < BINS; i++) {
    int left = tries;
    for (Chunk *c = bins[i]; c != NULL && left-- != 0; c = c->next) {
      *skip = -((uintptr_t)c + HEAD) & (PAGE - 1);
      if (*skip != 0 && *skip < MIN_CHUNK) *skip += PAGE;
      if (chunk_size(c) >= *skip + PAGE) return c;
    }
  }
  return NULL;
}

/* A page on a multiple of PAGE, of which the last HEAD bytes are not the user's. */
static void *heap_page(void) {
  size_t skip;
  Chunk *c = page_find(&skip, TRIES);
  while (c == NULL && (c = page_find(&skip, -1)) == NULL)
    if (!heap_grow(2 * PAGE + MIN_CHUNK)) return NULL;
  bin_remove(c);
  size_t have = chunk_size(c) - skip;
  if (skip != 0) {
    bin_add(c, skip);
    c = chunk_at(c, skip);
  }
  return chunk_use(c, have, PAGE);
}

static void *heap_resize(void *block, size_t n) {
  if (block == NULL) return heap_new(n);
  if (n > MAX_CHUNK) return NULL;
  Chunk *c = chunk_at(block, -(size_t)HEAD), *after = chunk_after(c);
  size_t have = chunk_size(c), size = chunk_for(n);
  if (have < size && (after->size & FREE ? chunk_after(after) : after) == heap_end) heap_grow(size - have);
  if (have < size && after->size & FREE && have + chunk_size(after) >= size) {
    bin_remove(after);
    have += chunk_size(after);
  }
  if (have >= size) return chunk_use(c, have, size);
  void *fresh = heap_new(n);
  if (fresh == NULL) return NULL;
  memcpy(fresh, block, have - HEAD);
  heap_free(block);
  return fresh;
}

static int heap_has(size_t n) {
  void *block = heap_new(n);
  heap_free(block);
  return block != NULL;
}

#define malloc heap_new
#define realloc heap_resize
#define free heap_free

/* ---- slabs ---- */

#define GRAIN 8u    /* between size classes: Lua's largest alignment */
#define SMALL 256u  /* Lua's objects are smaller, all but long strings and large tables */

typedef struct Block {
  struct Block *next;
} Block;

typedef struct Slab {
  struct Slab *next, *prev; /* among the slabs of its class that have a free block */
  Block *free;
  uint16_t used, class;
} Slab;

static Slab *slabs[SMALL / GRAIN + 1] EVERY_RUN;

static void slab_link(Slab *s) {
  s->prev = NULL;
  s->next = slabs[s->class];
  if (s->next != NULL) s->next->prev = s;
  slabs[s->class] = s;
}

static void slab_unlink(Slab *s) {
  if (s->next != NULL) s->next->prev = s->prev;
  if (s->prev != NULL) s->prev->next = s->next;
  else slabs[s->class] = s->next;
}

static __attribute__((noinline)) Slab *slab_new(size_t class) {
  Slab *s = heap_page();
  if (s == NULL) return NULL;
  const size_t step = class * GRAIN;
  char *at = (char *)(s + 1), *last = (char *)s + PAGE - HEAD - step;
  s->free = (Block *)at;
  s->used = 0;
  s->class = (uint16_t)class;
  for (; at + step <= last; at += step) ((Block *)at)->next = (Block *)(at + step);
  ((Block *)at)->next = NULL;
  slab_link(s);
  return s;
}

static inline void *small_new(size_t size) {
  size_t class = (size + GRAIN - 1) / GRAIN;
  Slab *s = slabs[class];
  if (s == NULL && (s = slab_new(class)) == NULL) return NULL;
  Block *b = s->free;
  s->used++;
  s->free = b->next;
  if (s->free == NULL) slab_unlink(s);
  return b;
}

/* A slab in which nothing is used any more goes back to the heap, but for the last one of its class. */
static inline void small_free(void *block) {
  Block *b = block;
  Slab *s = (Slab *)((uintptr_t)b & ~(uintptr_t)(PAGE - 1));
  b->next = s->free;
  s->free = b;
  if (b->next == NULL) slab_link(s);
  if (--s->used == 0 && (s->next != NULL || s->prev != NULL)) {
    slab_unlink(s);
    heap_free(s);
  }
}

/*
** Leave every hole as it is, so that what a run allocates stands together, on pages of its own, and the pages of the
** boot image stay as they are in the file, shared by all runs. Called once, when the image is made.
*/
static void heap_seal(void) {
  Chunk *last = chunk_at(heap_end, -(size_t)heap_last);
  unsigned open = last->size & FREE;
  for (unsigned i = 0; i < BINS; i++)
    for (Chunk *next, *c = bins[i]; c != NULL; c = next) {
      next = c->next;
      c->size &= ~FREE;
      memset(&c->next, 0, chunk_size(c) - HEAD); /* what it held is of no use in the file */
    }
  memset(bins, 0, sizeof bins);
  memset(bins_used, 0, sizeof bins_used);
  if (open) heap_free(chunk_at(last, HEAD));
  for (unsigned i = 0; i <= SMALL / GRAIN; i++) {
    for (Slab *s = slabs[i]; s != NULL; s = s->next) s->free = NULL;
    slabs[i] = NULL;
  }
}

/* Lua's allocator: lua_Alloc in the manual. */
static void *guest_alloc(void *ud, void *block, size_t old, size_t size) {
  (void)ud;
  if (block == NULL) {
    if (size > SMALL) return heap_new(size);
    return size != 0 ? small_new(size) : NULL;
  }
  if (size == 0) {
    if (old > SMALL) heap_free(block);
    else small_free(block);
    return NULL;
  }
  if (old > SMALL && size > SMALL) return heap_resize(block, size);
  if (old <= SMALL && (old + GRAIN - 1) / GRAIN == (size + GRAIN - 1) / GRAIN) return block;
  void *fresh = size > SMALL ? heap_new(size) : small_new(size);
  if (fresh == NULL) return NULL;
  memcpy(fresh, block, old < size ? old : size);
  if (old > SMALL) heap_free(block);
  else small_free(block);
  return fresh;
}
