package dev.terroir.environment.requirement;

import dev.terroir.environment.requirement.RequirementsFile.Line;
import dev.terroir.foundation.problem.Problem;
import java.util.ArrayList;
import java.util.List;

/// What was found in the files so far. For one thread.
final class Findings {
  final List<Line> lines = new ArrayList<>();
  final List<Problem> problems = new ArrayList<>();
  final List<String> warnings = new ArrayList<>();
}
