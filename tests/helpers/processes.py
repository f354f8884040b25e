"""Stand-ins for the processes of training runs."""


class Ended:
    """A process that ended well; as ``subprocess.Popen``."""

    returncode = 0
    args = ()

    def poll(self) -> int:
        return 0

    def wait(self) -> int:
        return 0

    def kill(self) -> None:
        pass


class Ticking(Ended):
    """A process that ends at the given number of looks at it."""

    def __init__(self, looks: int) -> None:
        self.left, self.killed = looks, False

    def poll(self) -> int | None:
        self.left -= 1
        return None if self.left > 0 and not self.killed else 0

    def kill(self) -> None:
        self.killed = True
