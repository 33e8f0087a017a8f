"""Texts that would do something, if they were anything but text."""

HOSTILE = (
    "<script>document.title='owned'</script>",
    "</bdi></td><img src=x onerror=\"document.title='owned'\">",
    '"><svg onload="document.title=1">',
    "' onmouseover='document.title=1",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt;&#x202e;",
    "/a\0b\x1b[31m\u202egnp.exe\u2066\u2028\ud800",
    "</title><base href=https://evil.example>",
    "<!--",
    "]]>",
    "a" * 100_000,
)
