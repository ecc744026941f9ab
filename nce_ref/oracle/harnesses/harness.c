// A harness in C, to be copied: no JSON library. cc -O2 -o harness harness.c -lm; nce-ref check -- ./harness
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// -ln(1 + e^-t) without overflow: the exponent is negative on either side.
static double log_sigmoid(double t) { return fmin(t, 0) - log1p(exp(-fabs(t))); }
static double sigmoid(double t) { double e = exp(-fabs(t)); return t >= 0 ? 1 / (1 + e) : e / (1 + e); }

// The numbers after "name": in the line, into a new array. Requests are written without blanks and every name comes once.
static double *numbers(char *line, const char *name, size_t *n) {
  char key[64];
  snprintf(key, sizeof key, "\"%s\":", name);
  char *p = strstr(line, key), *end;
  double *found = malloc((strlen(line) + 1) * sizeof *found);
  *n = 0;
  if (!p) return found;
  for (p += strlen(key) + (p[strlen(key)] == '[');; p = end + 1) {
    found[*n] = strtod(p, &end);
    if (end == p) return found;
    ++*n;
    if (*end != ',') return found;
  }
}

static void print_array(const char *name, const double *a, size_t n) {
  printf(",\"%s\":[", name);
  for (size_t k = 0; k < n; k++) printf("%s%.17g", k ? "," : "", a[k]);  // 17 digits give every double back
  printf("]");
}

int main(void) {
  char *line = NULL;
  for (size_t size = 0; getline(&line, &size, stdin) > 0 && !strstr(line, "\"cmd\":\"stop\"");) {
    if (strstr(line, "\"cmd\":\"start\"")) {
      printf("{\"name\":\"plain C\",\"language\":\"C\",\"implements\":[\"log_sigmoid\",\"nce_from_log_ratios\"]}\n");
    } else {
      const char *id = strstr(line, "\"id\":\"") + 6;
      printf("{\"id\":\"%.*s\",\"results\":{\"value\":", (int)strcspn(id, "\""), id);
      size_t n, m;
      if (strstr(line, "\"objective\":\"log_sigmoid\"")) {
        double *t = numbers(line, "t", &n);
        for (size_t k = 0; k < n; k++) printf("%s%.17g", k ? "," : "[", log_sigmoid(t[k]));
        for (size_t k = 0; k < n; k++) t[k] = sigmoid(-t[k]);
        printf("]"), print_array("grad", t, n), free(t);
      } else {  // J = (1/n_data) [sum ln sigma(G - ln nu) + sum ln sigma(ln nu - G)] and dJ/dG, written over G
        double *x = numbers(line, "log_ratio_data", &n), *y = numbers(line, "log_ratio_noise", &m);
        double *nu = numbers(line, "nu", &(size_t){0}), t = log(*nu), sum = 0;
        for (size_t k = 0; k < n; k++) sum += log_sigmoid(x[k] - t), x[k] = sigmoid(t - x[k]) / n;
        for (size_t k = 0; k < m; k++) sum += log_sigmoid(t - y[k]), y[k] = -sigmoid(y[k] - t) / n;
        printf("%.17g", sum / n), print_array("grad_log_ratio_data", x, n), print_array("grad_log_ratio_noise", y, m);
        free(x), free(y), free(nu);
      }
      printf("}}\n");
    }
    fflush(stdout);  // one line an answer, flushed
  }
}
