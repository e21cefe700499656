# complete.sh COMPLETION: what bash offers after some beginnings, one a line.
source "$1"
offer() {
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
  _synbal
  echo "${COMPREPLY[@]}"
}
offer synbal balance net.h5 --method new
offer synbal lap
offer synbal laplacian mo
offer synbal flow --heat
offer synbal generate mod
