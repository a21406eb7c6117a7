"""The live view: a local web page over the knowledge base and the studies (`advisor view`).

It is served on the loopback address only, shows nothing without the token of its address, and
writes nothing without a second token in the form. Pages are made on the server and work as plain
links and forms; `static/view.js` only replaces parts of them in place.
"""
