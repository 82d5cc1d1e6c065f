// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRootChain} from "../interfaces/IRootChain.sol";
import {InFlightExits} from "./InFlight.sol";

/// @title Data challenges: the operator must show any transaction of any block, or the chain is frozen
/// @dev The challenger pays the account that shows the transaction. The shown bytes need not be a valid transaction,
/// because everyone can then see that the block is invalid.
abstract contract DataChallenge is InFlightExits {
    /// @dev A data challenge, in one slot.
    /// @param challenger The challenger
    /// @param until The time from which the chain can be frozen; `NEVER` once the transaction was shown
    struct Question {
        address challenger;
        uint40 until;
    }

    mapping(uint256 number => mapping(uint256 index => Question)) private _questions;

    /// @inheritdoc IRootChain
    function challengeData(uint256 number, uint256 index, bytes32 root, uint256 word) external payable {
        _loadHead();
        _withdrawBond(_DATA_BOND);
        if (_hashOf(root, bytes32(word), 64) != blocks[number] || index >= uint32(word)) {
            revert InvalidProof(number);
        }
        Question storage question = _questions[number][index];
        if (question.until != 0) revert UnexpectedDataStatus(number, index);
        uint256 until = block.timestamp + _DATA_DELAY;
        (question.challenger, question.until) = (msg.sender, uint40(until));
        emit DataChallenged(number, index, msg.sender, until);
    }

    /// @inheritdoc IRootChain
    function showData(Proof calldata transaction) external nonReentrant {
        uint256 number = transaction.position >> 24;
        uint256 index = uint16(transaction.position >> 8);
        Question storage question = _requireAsked(number, index);
        _requireStanding(transaction.position, transaction.word, transaction.data, transaction.path);
        question.until = uint40(NEVER);
        emit DataShown(number, index, transaction.data);
        _unhold(0, _DATA_BOND);
        _pay(msg.sender, 0, _DATA_BOND);
    }

    /// @inheritdoc IRootChain
    function freeze(uint256 number, uint256 index) external nonReentrant {
        Question storage question = _requireAsked(number, index);
        if (block.timestamp < question.until) revert TooEarly(block.timestamp, question.until);
        address challenger = question.challenger;
        delete _questions[number][index];
        _freeze();
        emit Frozen(number, index);
        _unhold(0, _DATA_BOND);
        _pay(challenger, 0, _DATA_BOND);
    }

    /// @inheritdoc IRootChain
    function dataChallenge(uint256 number, uint256 index) external view returns (address challenger, uint256 until) {
        Question memory question = _questions[number][index];
        return (question.challenger, question.until);
    }

    function _requireAsked(uint256 number, uint256 index) private view returns (Question storage question) {
        question = _questions[number][index];
        if (question.until == 0 || question.until == NEVER) revert UnexpectedDataStatus(number, index);
    }
}
