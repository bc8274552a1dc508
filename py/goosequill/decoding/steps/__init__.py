"""The decoder's steps, one family a module; `goosequill.decoding.config.STEPS` lists them."""
