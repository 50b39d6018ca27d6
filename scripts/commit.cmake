# Writes OUTPUT with the commit of SOURCE_DIR, touching it only when the commit has changed.
execute_process(COMMAND git -C ${SOURCE_DIR} describe --always --dirty --abbrev=12
                OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT commit)
  set(commit "unknown")
endif()
set(content "#pragma once\n#define PMMC_COMMIT \"${commit}\"\n#define PMMC_VERSION \"${VERSION}\"\n")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} old)
endif()
if(NOT "${content}" STREQUAL "${old}")
  file(WRITE ${OUTPUT} "${content}")
endif()
