"""A name that would be a script, an image and the end of an attribute, were it not escaped."""

HOSTILE = "<script>document.title='taken'</script>\"'><img src=x onerror=document.title='taken'>"
