/*
** guest.h: the state and the functions that the guest's own files share. One Lua state an instance.
*/
#ifndef llmspell_guest_h
#define llmspell_guest_h

#define ABI_VERSION 1
#define MAX_MESSAGE (32u << 20) /* bytes in one message; the host's own cap is the same */
#define MAX_DEPTH 128           /* nesting of a value that crosses; JSON in the wild stays under 50 */
#define MAX_NODES 1000000u      /* values in one message: bounds what a message costs to take apart */
#define MAILBOX (16u << 10)     /* each half: turns in, call replies in; larger messages are allocated */
#define RESERVE (96u << 10)     /* freed before a report is built when memory is out */
#define MAX_WARNINGS 50         /* a loop of failing finalizers must not fill the user's terminal */
#define PRELUDE_PREFIX "=[llmspell"

/* A growing byte string outside Lua's heap. */
typedef struct {
  uint8_t *data;
  size_t len, cap;
  int fixed;  /* cannot grow: a static array */
  int failed; /* something did not fit: memory is out */
} Buffer;

typedef enum { TASK_READY, TASK_RUNNING, TASK_CALL, TASK_AWAIT, TASK_PARKED, TASK_CLOSING, /* open */
               TASK_DONE, TASK_FAILED, TASK_CANCELLED /* ended */ } TaskState;

/*
** A task is a full userdata; its user values are its coroutine, the group that it was spawned in, those that joined it
** later (as weak keys), its name, where its error came from, and a child whose error nobody has seen.
*/
enum { UV_THREAD = 1, UV_GROUP, UV_JOINED, UV_NAME, UV_TRACE, UV_LOST, UV_COUNT = UV_LOST };

typedef struct Task Task;
struct Task {
  lua_State *co;                       /* its coroutine; results or error stay on its stack */
  Task *parent, *child, *prev, *next;  /* open tasks form a tree; siblings a list */
  Task *ready_next;
  Task *waiters, *wait_prev, *wait_next; /* tasks that await this one */
  Task *awaits;                        /* the task that this one awaits */
  lua_Integer id, call;
  const uint8_t *reply;                /* valid during one step */
  size_t reply_len;
  int nargs;                           /* for the first resume */
  uint8_t state, reply_ok;
  uint8_t observed;                    /* somebody has seen how it ended */
  uint8_t quiet;                       /* main's, whoever spawned it; it ends with main without a word */
  int line;                            /* where its error was raised, */
  char source[LUA_IDSIZE];             /* in the script's own code */
};

/* Where coroutine.resume stands on the C stack: the chain from the task's coroutine to the running one. */
typedef struct Frame {
  lua_State *from, *co;
  struct Frame *up;
} Frame;

static struct {
  lua_State *L;                 /* the main Lua thread: runs only the scheduler */
  Task *main, *current;
  Task *ready, *ready_last;
  Frame *frames;
  int passing;                  /* a wait is on its way out through the coroutines to the turn loop */
  Task *cancel;                 /* the running task asked to close this one: itself or one above it */
  int open_tasks, max_tasks;
  lua_Integer next_task, next_call, open_calls;
  Buffer calls, cancelled, notes, scratch, turn, trace;
  uint32_t ncalls, ncancelled, nnotes;
  int line;                     /* where the error that S.trace tells of was raised */
  char source[LUA_IDSIZE];
  lua_State *raised_to;         /* who was given that error last */
  void *reserve;
  uint64_t entropy;
} S EVERY_RUN __attribute__((aligned(WRITTEN_PAGE)));
static uint8_t mailbox[2 * MAILBOX] AFTER_EVERY_RUN;

/* Keys of the registry: the address is the key. */
static char KEY_CALLS, KEY_TASKS, KEY_ERROR, KEY_ARRAY, KEY_TASK, KEY_SETUP, KEY_RAISED, KEY_TRACE, KEY_WEAK,
  KEY_VALUES, KEY_STDOUT, KEY_NULL;

/* What a coroutine passes through: nothing, itself waiting, or the coroutine that it resumed. A task's own coroutine
** that has ended is marked too: what the task gave is still on its stack. */
#define COROUTINE_WAITS ((lua_State *)1)
#define COROUTINE_ENDED ((lua_State *)2)
#define inner_of(L) (*(lua_State **)lua_getextraspace(L))

/* codec.c */
static int buffer_reserve(Buffer *b, size_t more);
static int buffer_add(Buffer *b, const void *data, size_t len);
static void buffer_empty(Buffer *b);
static void encode(lua_State *L, int idx, Buffer *b);
static void decode(lua_State *L, const uint8_t *data, size_t len);
/* trace.c */
static void trace_thread(Buffer *b, lua_State *co, int skip);
static int raise_here(lua_State *L, const char *format, ...);
static void push_where(lua_State *L);
static int trace_where(lua_State *co, const char **source, lua_Debug *ar);
/* tasks.c */
static int can_wait(lua_State *L);
static void make_ready(Task *t);
/* turn.c */
static void release(const uint8_t *message);

#endif
