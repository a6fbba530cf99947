"""`python -m tests.chart` (`make chart`) writes everything around the chart that is made from something else."""

from tests.chart import manifests, readme, settings_files, versions

settings_files.write()
readme.write()
versions.write()
manifests.write()
