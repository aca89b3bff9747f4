package journal

// syncDir does nothing: NTFS keeps its directories in its own journal, and a
// directory has no handle that can be flushed.
func syncDir(string) error { return nil }
