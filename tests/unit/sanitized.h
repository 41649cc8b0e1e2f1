/* Is the address sanitizer there?  gcc defines this by itself; clang tells it as a feature. */
#ifndef HR_TEST_SANITIZED_H
#define HR_TEST_SANITIZED_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#endif
