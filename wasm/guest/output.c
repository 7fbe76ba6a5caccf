/*
** output.c: what print writes, gathered to one import call a line.
*/

static struct {
  char data[4096];
  size_t len;
} Out;

static void output_flush(void) {
  if (Out.len > 0) {
    size_t len = Out.len;
    Out.len = 0;
    llmspell_write(STDOUT, Out.data, len);
  }
}

static void output_put(const char *s, size_t len) {
  if (len > sizeof Out.data - Out.len) output_flush();
  if (len > sizeof Out.data) {
    llmspell_write(STDOUT, s, len);
  } else {
    memcpy(Out.data + Out.len, s, len);
    Out.len += len;
  }
}
