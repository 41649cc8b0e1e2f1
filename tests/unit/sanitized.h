/* Which sanitizer is there?  gcc defines these by itself; clang tells them as features. */
#ifndef HR_TEST_SANITIZED_H
#define HR_TEST_SANITIZED_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif

#endif
