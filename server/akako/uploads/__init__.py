"""Files that arrive in several requests, over lines that do not hold for one."""
