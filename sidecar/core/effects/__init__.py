"""What policies do beside deciding: headers, query parameters, metadata, and how a denial is told to the client.

    allowed:  Permit ──policy's name──> Allowed ──added──> Added ──> response.allow
    denied:   Denial ──name, status───> Denied ───reply──> Reply ──> response.deny

They never decide: an effect whose value cannot be told turns a permit into a denial, and nothing turns a denial into a
permit. Values are texts, or expressions that are evaluated with the request at hand (``value``).
"""
