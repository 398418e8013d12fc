from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "cases"
    verbose_name = "Kasus"

    def ready(self) -> None:
        from cases.clock_rules import rules

        rules()  # a rule that cannot be used stops the program at its start, with a sentence
        from cases.search import follow
        from monitor.reworded import set_hook

        set_hook(follow)
