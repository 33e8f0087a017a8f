"""What a report says, to look at: a page that the administration serves, and the words that ``top`` has as well.

    Report, denials ──sections──> View ──┬─page.py──> HTML         GET /status
                                         ├─live.py──> JSON         GET /status/live, for the page's own script
                                         └─sidecar.top──> terminal

Rules of this package:

1. A ``View`` is text that is ready to be shown, whoever wrote it: nothing in it is a control character or a mark that
   turns the direction of text, and nothing in it is markup. Who shows it escapes it for where it is shown.
2. The page is read-only. It takes no token, no form and no request to be explained: "why?" is answered for denials that
   happened, by their number, from what is known of them. So nobody who sees it can ask it what would be allowed.
3. Without JavaScript it has all the figures. The script renews their text, and makes no markup.
4. It loads nothing from anywhere else, and runs nothing that is not a file of ours (``headers.py``).
"""
