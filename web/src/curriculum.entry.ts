// The curriculum editor.
