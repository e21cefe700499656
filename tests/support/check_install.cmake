# Installs BUILD_DIR below SCRATCH, then configures, builds and runs CONSUMER against it, and looks at what else is there.
cmake_minimum_required(VERSION 3.25)
function(must_work)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${ARGN} failed (${code}):\n${text}")
  endif()
  set(text "${text}" PARENT_SCOPE)
endfunction()
function(must_say pattern)
  if(NOT text MATCHES "${pattern}")
    message(FATAL_ERROR "'${pattern}' is not in what was printed:\n${text}")
  endif()
  set(CMAKE_MATCH_1 "${CMAKE_MATCH_1}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${SCRATCH})
must_work(${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${SCRATCH}/first)
set(prefix ${SCRATCH}/prefix)
file(RENAME ${SCRATCH}/first ${prefix})  # an installed tree can be moved
must_work(${CMAKE_COMMAND} -S ${CONSUMER} -B ${SCRATCH}/build -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${CXX}
          -DCMAKE_PREFIX_PATH=${prefix})
must_work(${CMAKE_COMMAND} --build ${SCRATCH}/build)
must_work(${SCRATCH}/build/consumer)
string(REPLACE "." "\\." version ${VERSION})
must_say("synbal ${version}: cost ([0-9.]+ before, [0-9.]+ after)")
set(costs "${CMAKE_MATCH_1}")

if(NOT EXISTS ${prefix}/bin/synbal)
  return()
endif()
must_work(${prefix}/bin/synbal --version)
must_say("${version}")
must_work(${prefix}/bin/synbal balance modular:nodes=1600,degree=8,modules=16,seed=1 -o ${SCRATCH}/balanced.h5)
must_say("cost +${costs}")  # the program and the library agree on what the consumer did
must_work(${prefix}/bin/synbal-campaign plan ${prefix}/share/synbal/campaigns/power_and_gain.toml
          --machine ${prefix}/share/synbal/machines/workstation.toml --folder ${SCRATCH}/campaign)
must_say("program ${prefix}/bin/synbal")
if(NOT EXISTS ${BUILD_DIR}/manual)  # without python3 there are none
  return()
endif()

# Every command has a page, and completion knows commands, options and their values.
foreach(page synbal synbal-balance synbal-laplacian-modes)
  file(READ ${prefix}/share/man/man1/${page}.1 text)
  must_say("\\.SH SYNOPSIS")
endforeach()
must_say("preconditioner")
must_work(bash ${CMAKE_CURRENT_LIST_DIR}/complete.sh ${prefix}/share/bash-completion/completions/synbal)
must_say("^newton\nlaplacian\nmodes\n--heat\nmodular\n")

# Pictures, where there is a python3 that can draw; else the command says what to install.
execute_process(COMMAND ${prefix}/bin/synbal-plot balance ${SCRATCH}/balanced.h5 -o ${SCRATCH}/balanced.png
                RESULT_VARIABLE code OUTPUT_VARIABLE text ERROR_VARIABLE text)
if(NOT code EQUAL 0)
  must_say("apt install python3-")
elseif(NOT EXISTS ${SCRATCH}/balanced.png)
  message(FATAL_ERROR "synbal-plot left no picture:\n${text}")
endif()
