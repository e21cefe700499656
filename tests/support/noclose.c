// Linked into sanitized tests: libraries stay loaded, so that a leak found at exit still has names in its report.
int dlclose(void* library) {
  (void)library;
  return 0;
}
