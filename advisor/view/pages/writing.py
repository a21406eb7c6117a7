"""What every form that changes or costs something is checked for."""

from starlette.datastructures import FormData

from advisor.view.site import Site
from knowledge_base.errors import UserError

FIELD = "form_token"
"""Hidden field of our forms that holds the second token."""


def check_form(site: Site, form: FormData) -> None:
    """Refuse a form that no page of this server made.

    Raises:
        UserError: it lacks the token of our forms.
    """
    if not site.keys.form_is_ours(form.get(FIELD)):
        raise UserError(
            "This form is not one of this server's; it may have been started anew. Open the page "
            "again, and send the form from there."
        )
