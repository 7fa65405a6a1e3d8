"""The others, each as a user would run it, driven by lines on standard input."""
