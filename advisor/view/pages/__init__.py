"""The pages, one file each: what it is asked, and what its template shows."""
