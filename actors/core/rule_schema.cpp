// The rule language as JSON Schema, for editors and other programs, and the first rule of every site with a miner.
// Only keywords that draft 4 and 2020-12 understand alike ("definitions", not "$defs"), so any validator will do; what it cannot
// say (names that must exist, sides, ranges of a metric) is said by rule_parse alone.
#include "actors/core/rule.hpp"

namespace heliograph {

std::string_view rule_schema() {
  static constexpr std::string_view text = R"schema({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Heliograph rule",
  "description": "When a trigger fires and every condition holds, the actions are asked for; safety decides. Reference: docs/RULES.md",
  "type": "object",
  "required": ["id", "triggers", "actions"],
  "additionalProperties": false,
  "properties": {
    "id": {"$ref": "#/definitions/id"},
    "name": {"type": "string", "maxLength": 120},
    "description": {"type": "string", "maxLength": 2000},
    "enabled": {"type": "boolean"},
    "triggers": {"type": "array", "minItems": 1, "maxItems": 32, "items": {"$ref": "#/definitions/trigger"}},
    "conditions": {"type": "array", "maxItems": 64, "items": {"$ref": "#/definitions/condition"}},
    "actions": {"type": "array", "minItems": 1, "maxItems": 32, "items": {"$ref": "#/definitions/action"}},
    "cooldown": {"$ref": "#/definitions/duration"}
  },
  "definitions": {
    "id": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,62}$"},
    "watched_device": {
      "description": "A device, or * for each device that has the metric",
      "type": "string", "pattern": "^([*]|[a-z0-9][a-z0-9-]{0,62})$", "not": {"enum": ["trigger"]}
    },
    "named_device": {
      "type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,62}$", "not": {"enum": ["trigger"]}
    },
    "duration": {
      "description": "ISO 8601, days to seconds, at most 400 days",
      "type": "string", "pattern": "^P([0-9]+D|([0-9]+D)?T([0-9]+H([0-9]+M)?([0-9]+S)?|[0-9]+M([0-9]+S)?|[0-9]+S))$"
    },
    "time": {"description": "Local time of the site", "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"},
    "days": {
      "type": "array", "minItems": 1, "maxItems": 7, "uniqueItems": true,
      "items": {"enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}
    },
    "metric": {
      "enum": ["pv_w", "load_w", "grid_w", "battery_w", "soc_percent", "battery_v", "import_price", "export_price",
               "grid_import_w", "grid_export_w", "battery_charge_w", "battery_discharge_w", "grid_import_kwh",
               "grid_export_kwh", "battery_charge_kwh", "battery_discharge_kwh", "power_w", "switch_on", "temperature_c",
               "target_soc_percent", "savings", "cost", "pv_forecast_w", "spot_price", "count"]
    },
    "trigger": {
      "oneOf": [
        {
          "title": "A value crosses a threshold",
          "type": "object",
          "required": ["metric", "device"],
          "additionalProperties": false,
          "properties": {
            "id": {"$ref": "#/definitions/id"},
            "metric": {"$ref": "#/definitions/metric"},
            "device": {"$ref": "#/definitions/watched_device"},
            "below": {"type": "number"},
            "above": {"type": "number"},
            "rearm": {"type": "number"},
            "for": {"$ref": "#/definitions/duration"}
          },
          "oneOf": [{"required": ["below"]}, {"required": ["above"]}]
        },
        {
          "title": "A time of day",
          "type": "object",
          "required": ["at"],
          "additionalProperties": false,
          "properties": {
            "id": {"$ref": "#/definitions/id"},
            "at": {"$ref": "#/definitions/time"},
            "days": {"$ref": "#/definitions/days"}
          }
        }
      ]
    },
    "condition": {
      "oneOf": [
        {
          "title": "A window of local time, which may pass midnight",
          "type": "object",
          "required": ["between"],
          "additionalProperties": false,
          "properties": {
            "between": {
              "type": "array", "minItems": 2, "maxItems": 2,
              "items": {"type": "string", "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"}
            },
            "days": {"$ref": "#/definitions/days"}
          }
        },
        {
          "title": "The latest usable value lies on one side",
          "type": "object",
          "required": ["metric", "device"],
          "additionalProperties": false,
          "properties": {
            "metric": {"$ref": "#/definitions/metric"},
            "device": {"$ref": "#/definitions/named_device"},
            "below": {"type": "number"},
            "above": {"type": "number"}
          },
          "oneOf": [{"required": ["below"]}, {"required": ["above"]}]
        },
        {
          "title": "At least one holds",
          "type": "object",
          "required": ["any"],
          "additionalProperties": false,
          "properties": {"any": {"$ref": "#/definitions/conditions"}}
        },
        {
          "title": "All hold",
          "type": "object",
          "required": ["all"],
          "additionalProperties": false,
          "properties": {"all": {"$ref": "#/definitions/conditions"}}
        },
        {
          "title": "It does not hold",
          "type": "object",
          "required": ["not"],
          "additionalProperties": false,
          "properties": {"not": {"$ref": "#/definitions/condition"}}
        },
        {
          "title": "The site's automation is on",
          "type": "object",
          "required": ["automation"],
          "additionalProperties": false,
          "properties": {"automation": {"enum": ["on"]}}
        }
      ]
    },
    "conditions": {"type": "array", "minItems": 1, "maxItems": 64, "items": {"$ref": "#/definitions/condition"}},
    "when": {
      "description": "Ids of triggers; without it every trigger leads here",
      "type": "array", "minItems": 1, "maxItems": 32, "uniqueItems": true, "items": {"type": "string"}
    },
    "action": {
      "oneOf": [
        {
          "title": "Switch a device",
          "type": "object",
          "required": ["do", "device"],
          "additionalProperties": false,
          "properties": {
            "when": {"$ref": "#/definitions/when"},
            "do": {"enum": ["switch_off", "switch_on", "pause", "resume", "off", "on"]},
            "device": {"$ref": "#/definitions/id"}
          }
        },
        {
          "title": "Set a power: + into the site (discharge), - out of it (charge)",
          "type": "object",
          "required": ["do", "device", "power_w"],
          "additionalProperties": false,
          "properties": {
            "when": {"$ref": "#/definitions/when"},
            "do": {"enum": ["set_power"]},
            "device": {"$ref": "#/definitions/id"},
            "power_w": {"type": "number", "multipleOf": 1, "minimum": -1000000000, "maximum": 1000000000}
          }
        },
        {
          "title": "Set a mode that the device knows",
          "type": "object",
          "required": ["do", "device", "mode"],
          "additionalProperties": false,
          "properties": {
            "when": {"$ref": "#/definitions/when"},
            "do": {"enum": ["set_mode"]},
            "device": {"$ref": "#/definitions/id"},
            "mode": {"type": "string", "minLength": 1, "maxLength": 40}
          }
        },
        {
          "title": "Tell people",
          "type": "object",
          "required": ["do", "text"],
          "additionalProperties": false,
          "properties": {
            "when": {"$ref": "#/definitions/when"},
            "do": {"enum": ["notify"]},
            "text": {"type": "string", "minLength": 1, "maxLength": 2000}
          }
        }
      ]
    }
  }
}
)schema";
  return text;
}

std::string_view miner_guard_example() {
  static constexpr std::string_view text = R"rule({
  "id": "miner-guard",
  "name": "Miner guard",
  "description": "Pauses the miner when the battery falls below 50 %, and lets it run again above 80 %.",
  "triggers": [
    {"id": "low", "metric": "soc_percent", "device": "battery", "below": 50, "rearm": 80},
    {"id": "high", "metric": "soc_percent", "device": "battery", "above": 80, "rearm": 50}
  ],
  "actions": [
    {"when": ["low"], "do": "pause", "device": "miner-1"},
    {"when": ["high"], "do": "resume", "device": "miner-1"}
  ]
}
)rule";
  return text;
}

}  // namespace heliograph
