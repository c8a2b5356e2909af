"""Templates of prompts: Jinja, rendered in a sandbox where an unknown name is an error."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import SandboxedEnvironment

from pipeline.engine.backends import nearest

ENVIRONMENT = SandboxedEnvironment(
    undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False
)

RENDERING_ERRORS = (TemplateError, ArithmeticError, LookupError, TypeError, ValueError)
"""What a template that was checked may still raise."""


@dataclass(frozen=True)
class Prompts:
    """A request's prompts: `system` rendered once for all requests, the other ready to be rendered for each."""

    system: str
    template: Template

    @classmethod
    def of(cls, system: str, prompt: str, variables: Mapping[str, object]) -> "Prompts":
        """Compile templates that were checked; `variables` are those of all requests."""
        return cls(ENVIRONMENT.from_string(system).render(variables).strip(), ENVIRONMENT.from_string(prompt))

    def prompt(self, variables: Mapping[str, object]) -> str:
        """The user's message. Raises one of RENDERING_ERRORS."""
        return self.template.render(variables).strip()


@dataclass(frozen=True)
class Checked:
    """A template to be checked: the names it may use, and those which only its `other` template may.

    `fields` has the attributes of some of the names.
    """

    text: str
    known: Sequence[str]
    other: str
    of_other: Sequence[str]
    fields: Mapping[str, Sequence[str]]

    def faults(self, sample: Mapping[str, object]) -> Iterator[str]:
        """Everything that is wrong with it; `sample` is what it is tried on."""
        try:
            tree = ENVIRONMENT.parse(self.text)
            template = ENVIRONMENT.from_string(self.text)  # finds unknown filters and tests
        except TemplateSyntaxError as error:
            yield f"broken Jinja, line {error.lineno} of the template: {error.message}"
            return
        faults = [*self._unknown(tree), *self._attributes(tree)]
        yield from faults
        if not faults:
            try:
                template.render(sample)
            except RENDERING_ERRORS as error:
                yield f"cannot be rendered: {' '.join(str(error).split())[:200]}"

    def _unknown(self, tree: nodes.Template) -> Iterator[str]:
        for name in sorted(meta.find_undeclared_variables(tree) - _set_inside(tree) - set(self.known)):
            if name in self.of_other:
                yield f"asks for {name!r}, which only {self.other} may use"
            else:
                yield f"asks for {name!r}: {nearest(name, self.known)}"

    def _attributes(self, tree: nodes.Template) -> Iterator[str]:
        """Misspelt attributes, also where a branch hides them from the trial."""
        for found in tree.find_all(nodes.Getattr):
            if not isinstance(found.node, nodes.Name) or found.node.name not in self.fields:
                continue
            fields = self.fields[found.node.name]
            if found.attr not in fields:
                yield f"asks for {found.node.name}.{found.attr}: {nearest(found.attr, fields)}"


def names_in(text: str) -> frozenset[str]:
    """What a template asks for; nothing if it is broken, which is said elsewhere.

    >>> sorted(names_in("{% if words %}{{ words[0] }} to {{ most }}{% endif %}"))
    ['most', 'words']
    """
    try:
        tree = ENVIRONMENT.parse(text)
    except TemplateSyntaxError:
        return frozenset()
    return frozenset(meta.find_undeclared_variables(tree) - _set_inside(tree))


def _set_inside(tree: nodes.Template) -> set[str]:
    """Names that the template sets itself: those set in a branch Jinja takes for unknown ones."""
    return {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"}
