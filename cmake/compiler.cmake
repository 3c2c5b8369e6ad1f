# SPDX-License-Identifier: BSD-3-Clause
#
# Warnings, sanitizers and hardening, for every target of the project.

include(CheckCCompilerFlag)

add_compile_definitions(_GNU_SOURCE _FILE_OFFSET_BITS=64)
add_compile_options(-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
	-Wformat=2)
if(FSDAX_WERROR)
	add_compile_options(-Werror)
endif()

if(FSDAX_SANITIZE)
	add_compile_options(-fsanitize=${FSDAX_SANITIZE} -fno-omit-frame-pointer
		-fno-sanitize-recover=all)
	add_link_options(-fsanitize=${FSDAX_SANITIZE})
endif()

# What to start a program of ours with: the sanitizers of gcc 12 and clang 14 fail now
# and then where the kernel randomizes addresses by more than 28 bits.
set(FSDAX_RUN)
if(FSDAX_SANITIZE)
	find_program(SETARCH setarch)
	if(SETARCH)
		set(FSDAX_RUN "${SETARCH}" "${CMAKE_HOST_SYSTEM_PROCESSOR}" -R)
	endif()
endif()

# Fortified libc calls hide what the sanitizers would see, and need -O1 or more.
if(FSDAX_HARDEN AND NOT FSDAX_SANITIZE)
	add_compile_options(-fstack-protector-strong -fstack-clash-protection)
	check_c_compiler_flag(-fcf-protection FSDAX_HAVE_CF_PROTECTION)
	if(FSDAX_HAVE_CF_PROTECTION)
		add_compile_options(-fcf-protection)
	endif()
	add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
	add_compile_options("$<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>")
endif()

set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
