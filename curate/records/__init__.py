"""Records: their schema, pools of them, reading and writing."""
