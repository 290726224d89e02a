"""Import-linter contracts of the project."""

from importlinter import Contract, ContractCheck, fields, output


class FrontDoorContract(Contract):
    """A room may import another room only through that room's ``api`` module; a test also through ``testing``."""

    root = fields.StringField()
    open = fields.ListField(subfield=fields.StringField(), required=False)

    def check(self, graph, verbose):
        self.bad = []
        free = set(self.open or [])
        for importer in graph.modules:
            for imported in graph.find_modules_directly_imported_by(importer):
                a, b = importer.split("."), imported.split(".")
                if len(a) < 2 or len(b) < 2 or a[1] == b[1] or b[1] in free or a[1] == "config":
                    continue
                door = b[2] if len(b) >= 3 else ""
                if door == "api" or (door == "testing" and a[2:3] in (["tests"], ["testing"])):
                    continue
                line = graph.get_import_details(importer=importer, imported=imported)[0]["line_number"]
                self.bad.append((importer, imported, line))
        return ContractCheck(kept=not self.bad)

    def render_broken_contract(self, check):
        for importer, imported, line in sorted(self.bad):
            output.print_error(f"{importer}:{line} reaches into {imported}; use its api", bold=False)
            output.new_line()
