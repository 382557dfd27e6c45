# Activates the environment in this shell (sh, bash, zsh): . bin/activate
# bin/terroir-unpack has to be run once before. `deactivate` ends it.
if [ -n "${TERROIR_PACK_PATH:-}" ]; then
  deactivate
fi
export TERROIR_PACK_PATH="$PATH"
export CONDA_PREFIX='@PREFIX@'
export CONDA_DEFAULT_ENV="$CONDA_PREFIX"
export PATH="$CONDA_PREFIX/bin:$PATH"
@SET@
for terroir_script in $(ls "$CONDA_PREFIX/etc/conda/activate.d" 2>/dev/null | grep '\.sh$'); do
  . "$CONDA_PREFIX/etc/conda/activate.d/$terroir_script"
done
unset terroir_script

deactivate() {
  for terroir_script in $(ls -r "$CONDA_PREFIX/etc/conda/deactivate.d" 2>/dev/null | grep '\.sh$'); do
    . "$CONDA_PREFIX/etc/conda/deactivate.d/$terroir_script"
  done
  unset terroir_script
@UNSET@
  export PATH="$TERROIR_PACK_PATH"
  unset TERROIR_PACK_PATH CONDA_PREFIX CONDA_DEFAULT_ENV
  unset -f deactivate
}
