"""Documents of Istio's (security.istio.io): which of them are for a workload, and what they say in our configuration.

A document goes through three steps, in each of which it may be refused, and is then refused with its place:
``objects`` says what kind of object it is, ``workload`` whether it is for this workload, and ``policies`` or
``issuers`` what it is in our configuration. The models of what may stand in it are ``authorization`` and
``authentication``. Nothing is read and nothing is built here: values come in, and values go out.
"""
